# Completions of hythe for bash:  source <(hythe completion bash)
# or for everybody:               hythe completion bash > /etc/bash_completion.d/hythe
# With `alias docker=hythe`:      complete -F _hythe docker

_hythe() {
    local line then= program=${COMP_WORDS[0]}
    [[ ${program##*/} == hythe ]] || program=hythe
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :*) then=${line#:} ;;
            ?*) COMPREPLY+=("$line") ;;
        esac
    done < <("$program" __complete bash "${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
    case $then in
        files) compopt -o default ;;
        directories) compopt -o dirnames ;;
        nospace) compopt -o nospace ;;
    esac
}

complete -F _hythe hythe
