# Names of the cluster's files, where a name is being typed.
_videocliente_nombres() {
    local -a nombres
    nombres=("${(@f)$(_call_program nombres videocliente completar-nombres palabras "${(q)${(Q)PREFIX}}" "${(@q)videocliente_antes}" 2>/dev/null)}")
    nombres=("${(@)nombres:#}")
    (( $#nombres )) && compadd -U -a nombres
}
