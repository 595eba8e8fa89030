#compdef hythe
# Completions of hythe for zsh:  source <(hythe completion zsh)
# or for good:                   hythe completion zsh > "${fpath[1]}/_hythe"
# With `alias docker=hythe`:     compdef _hythe docker

_hythe() {
    local line then= program=${words[1]}
    local -a candidates
    [[ ${program:t} == hythe ]] || program=hythe
    for line in "${(@f)$(${~program} __complete zsh "${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
        case $line in
            :*) then=${line#:} ;;
            ?*) candidates+=("$line") ;;
        esac
    done
    case $then in
        files) _files ;;
        directories) _files -/ ;;
        nospace) _describe -V hythe candidates -S '' ;;
        *) _describe -V hythe candidates ;;
    esac
}

if [[ ${funcstack[1]} == _hythe ]]; then
    _hythe "$@"
else
    compdef _hythe hythe
fi
