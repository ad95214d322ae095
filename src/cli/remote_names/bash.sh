# Names of the cluster's files, where a name is being typed; all else as below.
_videocliente_con_nombres() {
    local nombre
    local -a nombres=()
    if [[ "$2" != -* ]]; then
        while IFS= read -r nombre; do
            nombres+=("$nombre")
        done < <("${1/#\~/$HOME}" completar-nombres bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    fi
    if (( ${#nombres[@]} )); then
        COMPREPLY=("${nombres[@]}")
        return 0
    fi
    _videocliente "$@"
}
