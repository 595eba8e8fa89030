# Completions of hythe for fish:  hythe completion fish | source
# or for good:                    hythe completion fish > ~/.config/fish/completions/hythe.fish
# With `alias docker=hythe`:      complete -c docker -w hythe

function __hythe_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -e words[1]
    for line in (hythe __complete fish $words "$word" 2> /dev/null)
        switch $line
            case ':files'
                __fish_complete_path $word
            case ':directories'
                __fish_complete_directories $word
            case ':*' ''
            case '*'
                echo $line
        end
    end
end

complete -c hythe -f -a '(__hythe_complete)'
