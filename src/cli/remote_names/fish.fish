# Names of the cluster's files, where a name is being typed.
function __videocliente_nombres
    set -l antes (commandline -opc)
    set -e antes[1]
    videocliente completar-nombres palabras "" $antes 2>/dev/null
end

complete -c videocliente -n "__fish_videocliente_using_subcommand listar list descargar get verificar verify" -f -a "(__videocliente_nombres)"
