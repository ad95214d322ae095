## Lo que tienen todos los programas

hint-help = Escribe H para ver las órdenes
line-too-long = Línea demasiado larga
stopping = Parando: guardando las estadísticas
stopping-processes = Parando los procesos
error = error: { $why }
warning = aviso: { $why }
warning-statistics-not-saved = aviso: no se guardaron las estadísticas: { $why }
error-statistics-not-saved = error: no se guardaron las estadísticas: { $why }
error-no-orderly-stop = error: no se pudo parar ordenadamente
program-failed = falló una parte del programa
no-threads = el sistema no da más hilos: se alcanzó el límite de procesos (ulimit -u, TasksMax)
interrupted = interrumpido
listening = Servidor escuchando en { $address }
bucket-served = Cubo { $bucket }
folder-served = Carpeta { $folder }

## Números, listas y unidades

decimal-mark = ,
group-mark = { "\u00A0" }
# De cuántas cifras en adelante se agrupan.
group-from = 5
list-none = ninguno
list-last = { $others } y { $last }
list-or = { $others } o { $last }
percent = { $value } %
chunks = { $count ->
    [one] 1 trozo
   *[other] { $count } trozos
}
chunks-again = { $count ->
    [0] ningún trozo pedido de nuevo
    [one] 1 trozo pedido de nuevo
   *[other] { $count } trozos pedidos de nuevo
}
files = { $count ->
    [one] 1 fichero
   *[other] { $count } ficheros
}
secondaries = { $count ->
    [one] 1 secundario
   *[other] { $count } secundarios
}
copies = { $count ->
    [one] 1 copia
   *[other] { $count } copias
}
secondaries-alive = { $count ->
    [one] 1 secundario vivo
   *[other] { $count } secundarios vivos
}
downloads = { $count ->
    [one] 1 descarga
   *[other] { $count } descargas
}
clients = { $count ->
    [one] 1 cliente
   *[other] { $count } clientes
}

## Cabeceras de tablas

column-file = fichero
column-client = cliente
column-downloads = descargas
column-complete = completas
column-failed = fallidas
column-cancelled = canceladas
column-mean = media
column-size = tamaño
column-secondaries = secundarios
column-secondary = secundario
column-number = nº
column-state = estado
column-address = dirección
column-files = ficheros
column-missing = le faltan
column-conflicts = conflictos
column-modified = modificado
column-content = contenido
column-offered = se ofrece
column-what = actividad
column-progress = progreso
column-chunks = trozos
column-bytes = datos
column-wasted = duplicado
column-reassigned = reasignados
column-returns = regresos
column-node = nodo
column-process = proceso
column-port = puerto
column-folder = carpeta
column-place = puesto
column-waited = espera
column-when = apartado el
column-why = motivo
column-lease = caduca en
column-sends = envíos
column-sent = enviado
column-rate = ahora
column-left = faltan
column-running = en curso
column-waiting = en espera
column-connected = conectado desde hace
column-value = valor
column-flag = opción
column-origin = origen

## Un cliente

enrolled-as = Te has inscrito como { $name }
enrolled-as-other = Te has inscrito como { $name }: ya hay otro cliente que se llama { $wanted }
name-but = Te llamas { $name }, pero { $why }
central-connected = Conectado con el central { $central }
central-away = No se puede conectar con el central ({ $reason }): se reintenta solo
your-name = Te llamas { $name }
no-name = Aún no tienes nombre: INSCRIBIR <nombre>
central-lost = Sin conexión con el central ({ $reason }): se reintenta solo
central-lost-idle = Sin conexión con el central ({ $reason }): se reintenta solo
central-denied = Sin conexión con el central: { $why }
central-moved = El central del grupo es ahora el de { $address }
central-back = Conectado de nuevo con el central
central-awaited = El central tarda en contestar: se le espera. Lo que no lo necesita funciona; Ctrl-C deja de esperar
central-awaited-later = En cuanto conteste: { $line }
central-awaited-no-more = Ya no se espera al central: { $lines }
service-is-here = Ya hay servicio: { $secondaries }, { $files }
download-head = [{ $number }] { $file }
download-queued = en espera, puesto { $place } de la cola
download-started = empieza, { $size } de { $secondaries }
download-started-empty = empieza
download-resumed = ya había { $size } verificados; continúa desde ahí
download-own = { $size } se toman de este disco, verificados, sin enviarlos
download-started-over = lo descargado a medias no se puede aprovechar (es de otro contenido o no tiene diario): se empieza de cero
download-damaged = { $count ->
    [one] 1 trozo de antes está dañado y se pide de nuevo
   *[other] { $count } trozos de antes están dañados y se piden de nuevo
}
download-set-aside = lo descargado a medias es de otro contenido: se guarda como { $to } y se empieza de cero
download-no-locks = en este disco no se pueden bloquear ficheros; procura que ningún otro programa descargue lo mismo en la misma carpeta
download-complete = completa y verificada, { $amount }
download-complete-at = completa y verificada, { $amount } → { $path }
amount-in = { $size } en { $time }
amount-part = { $part } de { $size }
amount-nothing = vacío
downloads-complete = { $count ->
    [one] 1 descarga completa y verificada, { $size }
   *[other] { $count } descargas completas y verificadas, { $size }
}
download-digest = SHA-256 { $digest }
download-rate = { $rate } de media
download-spared-own = { $size } tomados de este disco
download-spared-zeros = { $size } de ceros, que no se envían
download-cost = { $wasted } recibidos de más: duplicados para acabar antes, o trozos que quedaron a medias
download-already = ya estaba completa y verificada en { $path }
download-failed = falló: { $why }
download-failed-for-now = { $failed }: REANUDAR { $number } la continúa cuando vuelva alguno
download-cancelled = cancelada; lo verificado se conserva
downloads-failed = { $count ->
    [one] 1 descarga más falló: ESTADO dice por qué; REANUDAR * la continúa
   *[other] { $count } descargas más fallaron: ESTADO dice por qué; REANUDAR * las continúa
}
downloads-cancelled = { $count ->
    [one] 1 descarga cancelada; lo verificado se conserva para otra vez
   *[other] { $count } descargas canceladas; lo verificado se conserva para otra vez
}
download-paused = en pausa; lo verificado se conserva. REANUDAR { $number } la continúa
download-held = espera a que acabe otra de más prioridad
download-superseded = el fichero tiene una versión nueva y ya nadie tiene la anterior: se descarga la nueva
download-checked = { $bad ->
    [0] comprobada trozo a trozo: está bien
    [one] comprobada trozo a trozo: 1 de { $chunks } está mal y se pide de nuevo
   *[other] comprobada trozo a trozo: { $bad } de { $chunks } están mal y se piden de nuevo
}
answer-found = Descarga { $number }: { $file }
answer-waits = Descarga { $number }: { $file }, en espera, puesto { $place } de la cola
downloads-asked = { $count ->
    [one] 1 fichero pedido
   *[other] { $count } ficheros pedidos
}
downloads-running-already = { $count ->
    [one] 1 fichero ya se está descargando
   *[other] { $count } ficheros ya se están descargando
}
downloads-wait = { $count ->
    [one] { $asked }; 1 en espera
   *[other] { $asked }; { $count } en espera
}
no-files = No hay ningún fichero
no-match = ningún fichero coincide con «{ $pattern }»
no-such-file-near = no existe «{ $name }»: ¿querías decir { $near }?
holders = { $holders } de { $secondaries }
holders-conflict = { $holders } de { $secondaries }, en conflicto
no-downloads = Aún no hay descargas
state-asked = pedida
state-queued = en espera, puesto { $place }
state-no-sources = { $percent }, sin fuentes
state-watched = { $percent }, { $count ->
    [one] la ve un reproductor
   *[other] la ven { $count } reproductores
}
state-complete = completa
state-failed = falló
state-cancelled = cancelada
state-paused = en pausa
state-held = espera (prioridad)
cancelling-many = { $count ->
    [one] Cancelando 1 descarga
   *[other] Cancelando { $count } descargas
}
pausing-many = { $count ->
    [one] Pausando 1 descarga
   *[other] Pausando { $count } descargas
}
priority-set-many = { $count ->
    [one] 1 descarga
   *[other] { $count } descargas
}: prioridad { $priority }
resumed-many = { $count ->
    [one] 1 descarga reanudada
   *[other] { $count } descargas reanudadas
}
downloads-held = { $count ->
    [one] 1 descarga espera a que acabe otra de más prioridad
   *[other] { $count } descargas esperan a que acabe otra de más prioridad
}
downloads-paused = { $count ->
    [one] 1 descarga en pausa; lo verificado se conserva. REANUDAR * la continúa
   *[other] { $count } descargas en pausa; lo verificado se conserva. REANUDAR * las continúa
}
quoted = «{ $word }»
cancelling = Cancelando la descarga { $number }
pausing = Pausando la descarga { $number }
priority-set = Descarga { $number }: prioridad { $priority }
priority-low = baja
priority-normal = normal
priority-high = alta
no-download = No hay ninguna descarga { $which } en curso
no-download-running = No hay ninguna descarga en curso
no-download-to-resume = No hay ninguna descarga { $which } que reanudar
no-download-paused = No hay ninguna descarga que reanudar
remembered = { $count ->
    [one] 1 descarga a medias: REANUDAR * la sigue
   *[other] { $count } descargas a medias: REANUDAR * las sigue
}
and-more = y { $count } más
how-far = { $have } de { $size } ({ $percent })
time-left = faltan { $time }
state-paused-at = en pausa, { $how_far }
memory-set-aside = Descargas a medias: { $path } no se entiende ({ $why }) y se guarda como { $to }
memory-failed = Descargas a medias: no se recordarán para la próxima vez ({ $why })
answer-postponed = Descarga { $number }: { $file }, en espera de servicio
no-service-waits = No hay servicio: { $up } de { $all } secundarios. Se pedirá cuando lo haya
no-central-waits = { $why }. Se pedirá cuando haya conexión
interrupt-again = { $count ->
    [one] 1 descarga en marcha: Ctrl-C otra vez para salir; lo verificado se conserva
   *[other] { $count } descargas en marcha: Ctrl-C otra vez para salir; lo verificado se conserva
}
left-for-later = { $count ->
    [one] 1 descarga queda a medias: la próxima vez, REANUDAR * la sigue
   *[other] { $count } descargas quedan a medias: la próxima vez, REANUDAR * las sigue
}
named-itself = Te llamas { $name }; INSCRIBIR lo cambia
mirror-would-download = Se descargaría { $name }
mirror-would-delete = Se borraría { $name }
mirror-deleted = Borrado { $name }
mirror-nothing-deleted = No se borra nada: algo no se pudo descargar
mirror-not-level = no se borra nada: el sistema no está sincronizado, así que puede faltar algún fichero en su lista
usage-delete-folder = --borrar solo admite carpetas (serie/), no «{ $name }»
usage-pattern = «{ $pattern }» no vale como patrón
no-local-file = «{ $name }» no está en la carpeta de descargas; { $download } lo descarga
none-here = ningún fichero de la carpeta de descargas coincide con «{ $pattern }»

## El estado de una descarga

map-missing = falta
map-in-flight = pedido
map-earlier = de antes
map-legend = cada casilla: { $chunks }
live-total = en total
live-more-waiting = { $count } más en espera
live-more-running = { $count } más en curso
live-more = { $running } más en curso y { $waiting } en espera
live-files = { $complete } de { $files } ficheros
live-sources = { $count ->
    [one] { $shown } fuente
   *[other] { $shown } fuentes
}
live-no-sources = sin fuentes: se espera a que vuelva una
map-secondary = secundario { $number }
map-peers = compañeros
source-peer = compañero { $number }

## Lo que pasa entre quien recibe y sus secundarios

fault-unreachable = no se puede conectar con él
fault-broken = se cortó la conexión
fault-stalled = no envía nada
fault-digest = envió bytes equivocados
fault-refused = no puede enviarlo
fault-protocol = no habla el protocolo
notice-suspect = El secundario { $source } no responde
notice-cleared = El secundario { $source } vuelve a responder
notice-dead = El secundario { $source } ha caído ({ $why })
notice-dead-chunks = El secundario { $source } ha caído ({ $why }): { $chunks }
chunks-go-on = { $count ->
    [one] 1 trozo de { $from } pasa a los demás
   *[other] { $count } trozos de { $from } pasan a los demás
}
notice-back = El secundario { $source } ha vuelto
notice-back-after = El secundario { $source } ha vuelto tras { $after }
notice-back-chunks = { $count ->
    [one] ; vuelve a encargarse de 1 trozo
   *[other] ; vuelve a encargarse de { $count } trozos
}
notice-banned = El secundario { $source } envió bytes equivocados de { $files }: no se le pide más; el central lo sabe
notice-no-sources = { $count ->
    [one] No queda ningún secundario: { $files } espera hasta { $time } a que vuelva alguno
   *[other] No queda ningún secundario: { $files } esperan hasta { $time } a que vuelva alguno
}
notice-sources-again = { $count ->
    [one] Vuelve a haber secundarios: { $files } sigue
   *[other] Vuelve a haber secundarios: { $files } siguen
}
failure-no-sources = ningún secundario pudo enviarlo en { $waited }; lo verificado se conserva
failure-wrong-manifest = los secundarios { $one } y { $other } enviaron el trozo { $chunk } con otro contenido que el anunciado: el manifiesto no es correcto
failure-local = falló el disco de esta máquina; mira el registro
failure-broken = falló una parte de este programa; mira el registro

## Un central

offered-many = Se ofrecen { $files } ficheros
no-longer-offered-many = Ya no se ofrecen { $files } ficheros
left-out = Se omiten { $lines } líneas más sobre los clientes de { $address }: llegan demasiado deprisa
left-out-anybody = Se omiten { $lines } líneas más sobre clientes: llegan demasiado deprisa
bad-peer = Conexión de { $address } rechazada: { $reason }
peer-says-nothing = no dijo nada en { $seconds } s
peer-silent = dejó de dar señales de vida
peer-idle = no pidió nada en { $seconds } s
peer-takes-too-little = recibió menos de { $size } en { $seconds } s
peer-tls = falló TLS ({ $why })
peer-needs-tls = no habla TLS, y este puerto no habla otra cosa
peer-has-no-tls = habla TLS, y este puerto no
peer-needs-secret = no muestra ninguna clave, y el grupo está cerrado
peer-old-in-closed = usa el protocolo de 2017, que no sirve en un grupo cerrado
peer-wrong-secret = su clave no es la del grupo
peer-not-administrator = pidió la auditoría sin la contraseña de administrador
peer-not-signed = lo que dice de una cuenta no está firmado para esta conexión
peer-other-protocol = habla la versión { $theirs } del protocolo, y este programa la { $ours }
peer-line-too-long = envió una línea de más de { $size }
peer-not-a-message = envió algo que no es un mensaje de este protocolo
peer-unexpected = envió un mensaje inesperado
peer-number-too-high = es el secundario { $number }, y aquí solo se admiten del 1 al { $most }; para admitirlo, arranca el central con --secundarios { $number }
peer-nameless = no dijo su nombre
peer-no-place = ya hay { $count } conexiones y no se admiten más
peer-gave-way = cerrada para hacer sitio: no hacía nada, o su dueño tenía más conexiones que nadie
peer-no-descriptor = este programa no puede abrir más ficheros ni conexiones: sube su límite (ulimit -n)
peer-too-many-chunks = pidió dos veces el trozo { $chunk }, o más de { $count } a la vez
peer-no-such-chunks = pidió el trozo { $chunk } y más de { $count } que el fichero no tiene
peer-not-held = pidió { $file }, que no está aquí
peer-others-transfer = la transferencia { $transfer } es de otro receptor o de otro fichero
peer-expelled = el administrador lo ha expulsado
peer-part-too-large = la parte { $part } ocupa { $size }, y su protocolo no pasa de { $most }
peer-gone = cortó a mitad ({ $why })
peer-internal = fallo de este programa ({ $why })
no-randomness = el sistema no proporciona números aleatorios
other-protocol = el central habla la versión { $theirs } del protocolo y este programa la { $ours }: instala la misma versión de trozos en todos los nodos
secondary-up = El secundario { $number } se ha inscrito: escucha en { $address }
secondary-returned = El secundario { $number } ha vuelto: escucha en { $address }
secondary-goodbye = El secundario { $number } se ha parado
secondary-closed = El secundario { $number } ha caído: se cortó la conexión
secondary-silent = El secundario { $number } ha caído: no da señales de vida
secondary-drained = El secundario { $number } está drenado: se puede parar
service-began = Servicio en marcha: están todos los secundarios
secondary-takes-no-copies = El secundario { $number } no recibe copias: no se puede escribir en su carpeta
secondary-takes-copies = El secundario { $number } vuelve a recibir copias de todo
secondary-all-away = Falta el disco del secundario { $number }: no recibe copias hasta que vuelva
secondary-folders-away = Falta un disco del secundario { $number }: no recibe copias en { $folders } hasta que vuelva
level = Sincronizado: todos los secundarios vivos tienen lo mismo, { $files }
no-secondaries = No queda ningún secundario: las descargas esperan a que vuelva alguno
offered = Se ofrece { $file } ({ $size })
offered-some = Se ofrecen { $count } ficheros más, { $size }
no-longer-offered-deleted = Ya no se ofrece { $file }: se borró en el secundario { $number } y los demás lo retiran
no-longer-offered = Ya no se ofrece { $file }
conflict = Conflicto: el secundario { $number } tiene otro contenido en { $file }; no se copia ni se toca hasta que decidas con RESOLVER (CONFLICTOS lo muestra)
same-text = Conflicto: hay dos ficheros que se escriben { $file }, uno con los acentos aparte (como los guarda un Mac); se ofrecen los dos hasta que borres o cambies el nombre de uno (CONFLICTOS los muestra)
replaced = Nueva versión de { $file } ({ $size }) en el secundario { $number }: los demás la copian
resolved = Decidido: { $file } tiene desde ahora el contenido elegido; las otras copias se retiran
copy-ordered = El secundario { $target } copia { $file } { $count ->
    [one] del secundario
   *[other] de los secundarios
} { $sources }
copy-ordered-many = El secundario { $target } copia { $count } ficheros
copy-ended = Copia de { $file } en el secundario { $target }: { $outcome }
copied-to-many = { $count } ficheros copiados al secundario { $target }, { $size }
client-enrolled = El cliente { $client } se ha inscrito desde { $address }
client-gone = El cliente { $client } se ha ido
granted = El cliente { $client } descarga { $file } { $count ->
    [one] del secundario
   *[other] de los secundarios
} { $sources }
granted-many = El cliente { $client } descarga { $count } ficheros
queued = El cliente { $client } espera { $file } en el puesto { $place } de la cola
queued-many = El cliente { $client } tiene { $count } ficheros en espera
place-lent = El cliente { $client } no recibe nada de { $file }: otros usan su puesto hasta que siga
place-lent-many = El cliente { $client } no recibe nada de { $count } ficheros: otros usan sus puestos hasta que siga
finished = Descarga de { $file } por { $client }: { $outcome }
finished-many = El cliente { $client } ha completado { $count } descargas, { $size }
cancelled-many = El cliente { $client } ha cancelado { $count } descargas
copy-damaged = El secundario { $number } tiene dañado { $file } y no lo sirve: { $others ->
    [0] nadie más lo tiene; no se puede reparar hasta que vuelva alguien con una copia buena
   *[other] se repara con la copia de otro
}
reported = { $by } avisa del secundario { $secondary }: { $why }
with-reason = { $what } ({ $reason })
told-no-sources = ningún secundario pudo enviarlo
told-wrong-manifest = los resúmenes del catálogo no son los de ese fichero
told-disk = el disco de quien recibe: { $why }
told-exists = ya hay otro fichero con ese nombre
told-changed = el fichero cambió mientras se usaba
told-disk-away = falta un disco que se monta en esa carpeta
told-link = es un enlace simbólico, y no se sigue
told-broken = falló su programa
told-other = su motivo: «{ $words }»
to-client = al cliente { $name }
to-original = al cliente original { $name }
to-http = por HTTP a { $address }
to-secondary = al secundario { $number }
the-client = El cliente { $name }
the-original = El cliente original { $name }
the-secondary = El secundario { $number }
the-http = Quien descarga por HTTP desde { $address }
outcome-complete = completa y verificada
outcome-already = ya estaba completa
outcome-failed = fallida
outcome-cancelled = cancelada
system-no-service = { $required ->
    [one] Sin servicio: falta el secundario
   *[other] Sin servicio: { $alive } de { $required } secundarios; empieza cuando estén todos, y después basta con uno
}
system-copying = En servicio; copiando entre secundarios
system-level = En servicio y sincronizado
system-lacking = En servicio; sin sincronizar: { $what }
system-degraded = Degradado: { $what }
lacking-secondaries = { $alive } de { $required ->
    [one] 1 secundario
   *[other] { $required } secundarios
}
lacking-copies = { $count ->
    [one] falta 1 copia
   *[other] faltan { $count } copias
}
lacking-conflicts = { $count ->
    [one] 1 conflicto ({ $conflicts } lo muestra)
   *[other] { $count } conflictos ({ $conflicts } los muestra)
}
lacking-changing = { $count ->
    [one] 1 fichero que está cambiando
   *[other] { $count } ficheros que están cambiando
}
at-central = { $command } en el central
no-conflicts = No hay conflictos
conflicts-remedy = { $resolve } <nombre> <nº> decide cuál vale; o borra, o cambia de nombre, una de las copias
conflict-offered = sí
conflict-here = Conflicto: { $file } tiene contenidos distintos: { $versions }. Decide con RESOLVER en el central, o borra o cambia de nombre una de las copias
conflict-version = { $size } del { $date } ({ $id }), { $count ->
    [one] en el secundario
   *[other] en los secundarios
} { $secondaries }
conflict-decided = Conflicto de { $file } decidido
no-conflict = { $file } no está en conflicto
no-such-file = No hay ningún { $file }; { $conflicts } muestra los nombres en conflicto
no-such-choice = { $file } no tiene un contenido { $choice }: elige { $choices }
downloads-running = { $count ->
    [one] 1 descarga en curso
   *[other] { $count } descargas en curso
}
downloads-waiting = { $count } en espera
copies-running = { $count ->
    [one] 1 copia en curso
   *[other] { $count } copias en curso
}
condition-up = vivo
condition-read-only = solo lectura
condition-away = falta un disco
condition-down = caído
condition-draining = drenando
no-clients = No hay ningún cliente
queue-empty = No hay nadie en espera
expelled = { $count ->
    [one] Se ha expulsado a { $name }
   *[other] Se ha expulsado a { $name }: { $count } conexiones
}
no-such-client = No hay ningún cliente «{ $name }»: { $clients } los muestra
draining = El secundario { $number } termina sus envíos y no acepta otros; { $drain } { $number } NO lo deshace
not-draining = El secundario { $number } vuelve a participar
was-not-draining = El secundario { $number } no estaba drenado
no-such-secondary = No hay ningún secundario { $number } inscrito: { $secondaries } los muestra
original-client = original
no = no

## Un secundario

enrolled = Inscrito en el central { $central }
enrolled-again = Inscrito de nuevo en el central { $central }
number-held-by = El número { $number } lo tiene otro secundario, que escucha en { $address }: se espera hasta { $time } por si ya no está
number-held = El número { $number } lo tiene otro secundario: se espera hasta { $time } por si ya no está
upstream-lost = Sin conexión con el central ({ $reason }): se reintenta solo
folder-read = Carpeta leída: { $files ->
    [0] vacía; los ficheros que copies en ella se ofrecen solos
    [one] 1 fichero, { $size }
   *[other] { $files } ficheros, { $size }
}
reindexing = Leyendo de nuevo la carpeta entera
serving = Se sirve { $file } ({ $size })
serving-many = Se sirven { $count } ficheros más, { $size }
no-longer-serving = Ya no se sirve { $file }: { $why }
no-longer-serving-many = Ya no se sirven { $count } ficheros: { $why }
gone-deleted = se ha borrado
gone-changed = ha cambiado o no se puede leer
gone-withdrawn = se borró en otro secundario, y aquí no se puede apartar
gone-set-aside = se borró en otro secundario; esta copia queda en .trozos/retirados
gone-altered = se ha dañado en el disco
file-damaged = { $file } está dañado en el disco: su contenido ha cambiado, aunque conserva tamaño y fecha. Se repara en cuanto otro secundario lo tenga; lo dañado queda en .trozos/retirados
gone-replaced = hay una versión más nueva; esta queda en .trozos/retirados
gone-resolved = alguien eligió otro contenido; este queda en .trozos/retirados
gone-damaged = se había dañado en el disco; queda en .trozos/retirados
retired-none = No hay nada apartado
retired-files = { $files ->
    [one] 1 fichero
   *[other] { $files } ficheros
}, { $size }
retired-total = En .trozos/retirados: { $what }. { $recover } <n> devuelve uno; { $empty } <n>, o *, los borra para siempre
retired-deleted = se borró en otro secundario
retired-replaced = hay una versión más nueva
retired-resolved = se eligió otro contenido
retired-damaged = estaba dañado en el disco
retired-by-hand = se desconoce
retired-goes = { $file } ({ $size })
retired-more = … y { $files } más
retired-confirm = Se va a borrar para siempre: { $what }. Escribe SÍ para hacerlo; con cualquier otra cosa se conserva
retired-gone = Borrado para siempre: { $what }
retired-no-such = No hay nada apartado con el número { $number }: { $retired } los muestra
retired-recovered = Recuperado: { $file }
not-served = No se sirve { $path }: { $why }
not-served-many = No se { $count ->
    [one] sirve un nombre más
   *[other] sirven { $count } nombres más
 }, entre ellos { $examples }: { $why }
copy-started = Copiando { $file } ({ $size }) { $count ->
    [one] del secundario
   *[other] de los secundarios
} { $sources }
copy-started-many = Copiando { $count } ficheros, { $size }
copy-notice = Copia de { $file }: { $what }
copied = Copiado y verificado: { $file }
copied-many = { $count } ficheros copiados y verificados, { $size }
copied-in = Copiado y verificado: { $file } en { $time }: { $shares }
copied-from-disk = Copiado y verificado: { $file }, { $share }
copied-own = { $size } de este disco
copied-share = { $size } del secundario { $number }
copy-failed = No se pudo terminar la copia de { $file }: { $why }
sending = Enviando { $file } { $to }
sending-many = Enviando { $count } ficheros { $to }
sent = Enviados { $size } de { $file } { $to }
sent-many = Enviados { $size } de { $count } ficheros { $to }
refused-for-good = El central ya no admite a este secundario: { $why }
being-written-by = { $file } se ofrecerá cuando se cierre: { $program } (proceso { $process }) lo tiene abierto para escribir
being-written = { $file } se ofrecerá cuando se cierre: alguien lo tiene abierto para escribir
bucket-gone = El cubo no se puede leer: { $why }. No se sirve nada de él hasta que conteste
folder-gone = La carpeta ya no se puede leer ({ $why }): no se sirve nada de ella hasta que vuelva
disk-away = El disco de { $folder } no está montado: hasta que lo esté, no se sirve nada de ahí ni se reciben copias ahí; si no va a volver, arranca otra vez con --olvidar-discos
disk-back = El disco de { $folder } vuelve a estar montado
folder-read-only = No se puede escribir en la carpeta ({ $why }): se sirve, pero no recibe copias
folder-writable = Se puede volver a escribir en la carpeta: recibe copias
folder-back = La carpeta vuelve a estar disponible: se lee de nuevo
no-transfers = No hay ninguna transferencia en curso
row-sending = envío { $to }
row-copying = copia de { $sources }
secondary-status = Secundario { $number }: { $files ->
    [one] 1 fichero
   *[other] { $files } ficheros
}, { $size }, en { $folder }
secondary-central = Inscrito en el central { $central }
secondary-no-central = Sin conexión con el central: se reintenta solo
secondary-read-only = La carpeta solo se puede leer: se sirve, pero no recibe copias
secondary-away = Falta un disco de la carpeta: no se sirve nada de él ni se reciben copias en él
secondary-indexing = Se está leyendo la carpeta
secondary-scrub = Repaso, uno cada { $every }: { $done } de { $total } en esta vuelta{ $damaged ->
    [0] {""}
    [one] , 1 fichero dañado
   *[other] , { $damaged } ficheros dañados
}
secondary-scrubbed = El último repaso acabó hace { $ago }: { $size }, { $damaged ->
    [0] sin daños
    [one] 1 fichero dañado
   *[other] { $damaged } ficheros dañados
}
scrub-ended = Se ha vuelto a leer todo y se ha comparado con su huella ({ $size }): { $damaged ->
    [0] sin daños
    [one] había 1 fichero dañado
   *[other] había { $damaged } ficheros dañados
}
secondary-idle = Ahora no envía ni copia nada
uploads-running = { $count ->
    [one] 1 envío en curso
   *[other] { $count } envíos en curso
}
connections = { $count ->
    [one] 1 conexión
   *[other] { $count } conexiones
}
secondary-sent = { $sent } enviados desde que arrancó
secondary-rate = ahora { $rate }
secondary-limit = límite de subida: { $limit }
no-limit = ninguno
at-end-failed = { $file }: falló la orden de --al-terminar, { $program }: { $why }
at-end-code = acabó con el código { $code }
at-end-signal = lo paró la señal { $signal }
at-end-waiting = { $count ->
    [one] Espera a que acabe la orden de --al-terminar; otro Ctrl-C no la espera
   *[other] Espera a que acaben { $count } órdenes de --al-terminar; otro Ctrl-C no las espera
}
limit-set = Límite de subida: { $limit }
limit-set-download = Límite de bajada: { $limit }
limit-changed = Límite de subida, desde ahora: { $limit }
limit-changed-download = Límite de bajada, desde ahora: { $limit }
limit-until = { $limit } hasta las { $time }
limit-until-day = { $limit } hasta el { $day } a las { $time }
limit-timetable = { $line } (horario: { $timetable })
weekday-monday = lunes
weekday-tuesday = martes
weekday-wednesday = miércoles
weekday-thursday = jueves
weekday-friday = viernes
weekday-saturday = sábado
weekday-sunday = domingo

## Errores

start-port-in-use = el puerto { $port } está en uso ({ $address }): elige otro con --puerto, o 0 para uno libre
start-no-such-host = «{ $host }» no es ningún nombre ni dirección que esta máquina conozca: comprueba --ip y --ip-anunciada
start-not-local = { $ip } no es una dirección de esta máquina: usa en --ip una de ellas, o 0.0.0.0 para todas
start-port-denied = no está permitido escuchar en { $address }: elige con --puerto uno de 1024 o más
start-listen = no se puede escuchar en { $address }: { $why }
etcd-not-built = este programa se compiló sin cliente de etcd, que hace falta para varios centrales: compílalo con la característica «etcd», o arranca un solo central sin él
etcd-none = no se ha dado ningún miembro de etcd
etcd-address = «{ $given }» no es un miembro de etcd: escribe http://máquina:puerto o https://máquina:puerto
etcd-authority = a { $given } se llega por TLS: da el certificado de la autoridad
etcd-silent = Ningún miembro de etcd responde ({ $members }): arráncalos o comprueba sus direcciones
etcd-foreign = Lo que hay en etcd ({ $members }) no es el diario de unos centrales
etcd-fills = La base de datos de etcd ocupa ya { $bytes }; si no se le ha dicho otra cosa, al llegar a { $quota } no admite nada más. Compáctala (etcdctl defrag) o sube quota-backend-bytes
etcd-full = etcd no tiene sitio y no admite nada: las órdenes y las descargas nuevas esperan. Haz sitio (etcdctl defrag y etcdctl alarm disarm) o sube quota-backend-bytes
etcd-later = el diario que hay en etcd es de una versión posterior de este programa (formato { $version }); arranca esa
etcd-other-cluster = { $path } es el diario de otro clúster ({ $own }); en etcd está el del { $theirs }. Para entrar en este, aparta ese fichero; para llevar el tuyo, dale al central un etcd vacío u otro --grupo
etcd-certificates = los certificados para etcd no sirven: { $why }
start-number-in-use = el número { $number } lo tiene otro secundario que está vivo: elige otro con --numero, o para al otro
start-number-in-use-by = el número { $number } lo tiene otro secundario que está vivo y escucha en { $address }: elige otro con --numero, o para al otro
start-refused = el central no admite a este secundario: { $why }
store-nowhere = { $path }: la carpeta de trabajo ya no existe: ve a otra (`cd`) o da rutas enteras
store-not-found = { $path }: no existe
store-denied = { $path }: permiso denegado; cambia sus permisos o elige otra carpeta
store-read-only = { $path }: está en un disco de solo lectura; elige otra carpeta
store-disk-away = { $path }: su disco no está montado; móntalo o, si no va a volver, arranca otra vez con --olvidar-discos
store-full = { $path }: no queda sitio en el disco, o no cabe entero; libera espacio y pídelo de nuevo: lo verificado se conserva
store-not-folder = { $path }: no es una carpeta; elige otra
store-exists = { $path }: ya existe con otro contenido y no se toca; muévelo, usa --sobrescribir o, si es una copia dañada, { $verify } la repara
store-busy = { $path }: otro proceso está trabajando con él
store-changed = { $path }: cambió mientras se usaba
store-too-large = { $path }: demasiado grande para este disco
store-no-descriptor = { $path }: demasiados ficheros abiertos; sube el límite con «ulimit -n» y vuelve a arrancar
store-not-a-file = { $path }: ya hay ahí una carpeta u otra cosa que no es un fichero normal; apártala o elige otra carpeta con --destino
store-link = { $path }: es un enlace simbólico, o lo es su carpeta, y no se sigue; descarga donde está lo enlazado
bucket-address = { $path } no es la dirección de un cubo: escríbela como s3://cubo/prefijo, az://contenedor/prefijo o gs://cubo/prefijo, sin claves
bucket-not-in-build = { $path }: este programa se compiló sin almacenes de objetos; compílalo con la característica object-store, o da una carpeta
bucket-plain-http = { $path }: su dirección va por http, sin cifrar; si es lo que quieres, pon AWS_ALLOW_HTTP=true en el entorno (o la variable de ese almacén), o usa https
bucket-missing = { $path }: ese cubo no existe; créalo, o mira su nombre, AWS_REGION y AWS_ENDPOINT_URL
bucket-credentials = { $path }: faltan las claves, o el almacén no las acepta; pon AWS_ACCESS_KEY_ID y AWS_SECRET_ACCESS_KEY en el entorno (o las variables de ese almacén) y mira la hora de esta máquina
bucket-denied = { $path }: esas claves no dan permiso; hacen falta los de listar, leer, escribir y borrar en ese cubo, y para solo servir, los de listar y leer
bucket-unreachable = { $path }: el almacén no contesta ({ $why }); mira la red y AWS_ENDPOINT_URL. Se sigue intentando
bucket-failed = { $path }: el almacén falla ({ $why }). Se sigue intentando; si no se le pasa, mira su estado y sus registros
store-other = { $path }: { $why }
statistics-since = Desde { $time }
statistics-downloads = descargas
statistics-copies = copias
statistics-copies-to = copias al { $number }
statistics-from = secund. { $number }
statistics-again = { $count ->
    [one] 1 trozo pedido de nuevo
   *[other] { $count } trozos pedidos de nuevo
}
statistics-twice = { $count ->
    [one] 1 pedido por duplicado
   *[other] { $count } pedidos por duplicado
}
statistics-returns = { $count ->
    [one] 1 secundario volvió
   *[other] { $count } secundarios volvieron
}
statistics-own = Tomado del propio disco de quien recibe: { $size }
statistics-faults = Fallos de secundarios: { $faults }
statistics-fault = { $why }: { $count }
statistics-refused = Conexiones rechazadas: { $codes }
statistics-all = Todas las cifras, como se guardarán al parar: { $statistics } JSON
statistics-set-aside = Estadísticas: { $path } no se entiende ({ $why }) y se guarda como { $to }; se empieza de cero
statistics-in-use = Estadísticas: otro proceso usa { $path }; las cifras de este van a { $instead }
statistics-failed = Estadísticas: { $why }
damage-too-large = ocupa { $size }
damage-cut = se acaba en la línea { $line }, columna { $column }
damage-syntax = no es JSON en la línea { $line }, columna { $column }
damage-content = es de otra versión, o alguien lo cambió
damage-content-at = es de otra versión o alguien lo cambió, en la línea { $line }, columna { $column }
ignored-not-utf8 = su nombre no es UTF-8
ignored-name = su nombre no se puede pedir: { $why }
ignored-symlink = es un enlace simbólico
ignored-not-a-file = no es un fichero normal
ignored-too-deep = está bajo demasiadas carpetas
ignored-too-large = es mayor de 16 TiB
ignored-too-many = hay demasiados ficheros
ignored-unreadable = no se puede leer: { $why }
refused-not-ready = aún no hay servicio: faltan secundarios; espera un poco
refused-not-found = no hay ningún fichero con ese nombre en los secundarios vivos
refused-protocol = el central habla otra versión del protocolo: instala la misma versión de trozos en todos los nodos
refused-bad-message = el central no entiende lo que se le dijo: comprueba que todos los nodos son de la misma versión
refused-number-in-use = ese número lo tiene otro secundario vivo: da a cada uno el suyo con --numero, o para al otro
refused-number-in-use-by = ese número lo tiene otro secundario vivo, que escucha en { $address }: da a cada uno el suyo con --numero, o para al otro
refused-number-above = el central admite los números de 1 a { $most }: arráncalo con --secundarios { $number }, o usa otro número
refused-number-not-allowed = el número es mayor que los que admite el central: da el mismo --secundarios a todos los nodos
refused-no-such-content = el secundario ya no tiene ese contenido: se pide a otro
refused-file-changed = el fichero cambió mientras se usaba: espera a que se lea de nuevo
refused-read-failed = el otro nodo no pudo leer su disco: mira su registro
refused-not-active = ese central está de reserva y ninguno tiene el mando ahora: se reintenta solo
refused-not-active-but = ese central está de reserva: el que tiene el mando es { $address }, y no contesta
refused-stopping = el central se está parando, o este nodo abrió una conexión más nueva: se vuelve a conectar
refused-timed-out = el central no oyó nada de este nodo a tiempo: mira la red y la carga de las dos máquinas
refused-administrator = solo para administradores: la contraseña no es esa, o el central se arrancó sin { $flag }
refused-name-taken = ese nombre está cogido, o uno que se le parece, o se dejó hace menos de { $days } días: elige otro
refused-bad-name = el nombre de una cuenta tiene de 1 a { $most } letras de un solo alfabeto, cifras, . _ o -, la primera una letra, y no es de los que nombran una parte del grupo
refused-registration-closed = este central no tiene cuentas
refused-not-connected = no estás conectado a ninguna cuenta: { $connect }
refused-unknown-account = no existe esa cuenta; { $register } la crea
refused-wrong-key = la cuenta no tiene ninguna llave de este equipo: con un código de { $code }, { $connect } lo deja entrar
refused-name-registered = ese nombre es de una cuenta, o se parece a una: { $connect } si es tuya, o elige otro
refused-internal = el central tuvo un fallo interno: mira su registro
refused-unknown = el central lo rechaza por algo que esta versión no conoce: «{ $words }»
limit-connections = el central ya tiene { $count } conexiones y no admite más: espera un poco
limit-share = otra conexión necesitaba el sitio de esta: espera un poco, o usa menos programas a la vez en esta máquina
limit-descriptors = el otro nodo no puede abrir nada más: sube su límite de ficheros abiertos (ulimit -n)
limit-downloads = este cliente ya tiene { $count } descargas pedidas: espera a que acabe alguna
limit-waiting = ya esperan { $count } descargas: espera a que haya menos
limit-files = este secundario tiene más de { $count } ficheros: reparte, o guarda los pequeños juntos en un archivo
limit-folders = más de { $count } de sus carpetas no admiten copias: comprueba que todos los nodos son de la misma versión
limit-chunks = se pidieron más de { $count } trozos a la vez: comprueba que todos los nodos son de la misma versión
limit-accounts = el grupo ya tiene sus { $count } cuentas
limit-registrations = desde esta dirección se han registrado { $count } cuentas en una hora: espera, o usa una de ellas
limit-devices = la cuenta ya tiene sus { $count } equipos: un administrador puede quitar uno
limit-other = hay demasiadas peticiones: espera, o pide menos a la vez
refused-expelled = el administrador te ha expulsado: espera un minuto para volver
client-not-enrolled = aún no te has inscrito: escribe primero INSCRIBIR <nombre>
client-not-ready = aún no hay servicio: faltan secundarios ({ $status } dice cuántos); pídelo de nuevo cuando lo haya
client-not-found = no hay ningún fichero con ese nombre: { $list } muestra los que hay
client-unreachable = no se puede conectar con el central ({ $why }); se reintenta solo
client-running = ya se está descargando: es la descarga { $number }
client-stopped = el cliente se está parando
client-no-account = no tienes cuenta en este grupo; { $register } la crea
client-identity = no se pueden guardar las llaves de tus cuentas: { $why }
account-signed-in = eres { $name }
account-signed-out = ya no eres { $account }: la cuenta se ha cerrado, o han cambiado sus equipos. Eres el invitado { $name }
account-refused = eres un invitado, no { $name }: { $why }
room-unread = { $room }: { $count ->
        [one] un mensaje sin leer
       *[other] { $count } mensajes sin leer
    }
room-entered = Estás en { $room }: { $people ->
        [one] no hay nadie más
       *[other] sois { $people }
    }
room-entered-waits = Estás en { $room }: sois { $people } de { $needed }; lo que se diga se verá cuando estéis todos
room-here = Estás en { $room }
room-none = no estás en ninguna sala: { $enter } <nombre> entra en una
room-left = Has dejado { $room }
room-no-history = Aquí no se ha dicho nada todavía
room-inside = sí
room-ephemeral = efímera
room-whole = con historia
room-opens-with = se abre con { $people }
no-rooms = No hay ninguna sala: { $enter } <nombre> abre una
column-room = Sala
column-people = Personas
column-inside = Estás
column-unread = Sin leer
column-messages = Mensajes
column-options = Cómo es
told-later = { $name } no está conectado: le llegará cuando vuelva
channel-given = { $channel } { $number }, de { $from }: { $text } ({ $done } al acabar)
channel-put = Encargo { $number }: ya hay quien escucha
channel-put-alone = Encargo { $number }: nadie escucha todavía, y esperará
channel-listens = Escuchas { $channel }: { $count ->
        [0] no espera ningún encargo
        [one] espera un encargo
       *[other] esperan { $count } encargos
    }
channel-dead-too = { $count ->
        [one] uno se apartó porque nadie pudo acabarlo
       *[other] { $count } se apartaron porque nadie pudo acabarlos
    }
channel-rests = Ya no escuchas { $channel }
channel-no-dead = Ningún encargo se ha apartado
channel-dead = { $number }, { $when }, de { $from }: { $text }
channel-nothing = no tienes ningún encargo: { $channel } <nombre> escucha un canal
channel-done = Encargo { $number }: hecho
channel-given-back = Encargo { $number }: pasa a otro
refused-not-in-room = no estás en esa sala: { $room } <nombre> entra
refused-not-yours = ese encargo ya no es tuyo: se acabó, o pasó a otro
refused-oneself = eso sería decírselo a uno mismo
refused-too-fast = vas demasiado deprisa: espera un segundo
limit-rooms = son demasiadas salas ({ $count }): deja alguna
limit-room-people = la sala ya tiene { $count } personas
limit-channels = el grupo ya tiene { $count } canales
limit-jobs = en el canal esperan ya { $count } encargos
why-room-name = un nombre de sala tiene hasta { $most } caracteres y no empieza por «@»
why-room-text = un mensaje es una línea de hasta { $most } bytes
why-room-count = se abre con 2 personas o más, hasta 1000
account-registered = la cuenta { $name } es tuya, y desde ahora eres { $name }: su llave solo está en este equipo
account-left = eres el invitado { $name } hasta { $connect }
account-closed = la cuenta está cerrada; nadie puede tener su nombre en { $days } días. Eres el invitado { $name }
account-rests = en reposo hasta { $until }
account-code = { $account } admite otro equipo con CONECTAR { $account } { $code } en { $hours } horas, una sola vez
account-device-removed = { $account } tiene un equipo menos; sus clientes se conectan de nuevo
account-removed = la cuenta { $account } está cerrada; su nombre queda en reposo, y { $free } { $account } lo libera
account-freed = { $account } se puede registrar otra vez
account-unknown = no hay ninguna cuenta ni nombre en reposo { $account }
account-no-device = ninguna llave de { $account } empieza así, o lo hacen varias
no-accounts = no hay cuentas
no-users = nadie tiene cuenta
no-audit = no hay nada así en la auditoría
audit-missing = { $count ->
    [one] falta una línea: el central ya no la guardaba
   *[other] faltan { $count } líneas: el central ya no las guardaba
}
audit-anew = la auditoría es otra: se sigue desde su principio
user-connected = conectado
user-away = fuera
account = cuenta
guest = invitado
column-account = Cuenta
column-since = Desde
column-connections = Conexiones
column-devices = Equipos
column-code = Código hasta
actor-account = { $name }
actor-guest = { $name } (invitado)
actor-legacy = { $name } (2017)
actor-http = { $host } (HTTP)
actor-secondary = secundario { $number }
actor-console = administrador (consola)
actor-socket = administrador (socket)
actor-admin-http = administrador (HTTP)
actor-admin = administrador
bad-name-component = un nombre no empieza ni acaba por «/», ni tiene dos seguidas
bad-name-dot = ni el nombre ni sus carpetas empiezan por punto
bad-name-character = «{ $character }» no puede estar en un nombre
bad-name-line-feed = un salto de línea no puede estar en un nombre
bad-name-reserved = los nombres que acaban en .part son de descargas a medias
bad-name-too-long = es demasiado largo
bad-client-name = un nombre tiene de 1 a 64 bytes, sin «/», «\», «:» ni caracteres de control, y no empieza por punto
line-unknown = No conozco la orden «{ $word }». H muestra las que hay
line-unknown-near = No conozco la orden «{ $word }»: ¿querías decir { $near }? H muestra las que hay
line-missing = Faltan datos. Uso: { $usage }
line-too-much = Sobra «{ $word }». Uso: { $usage }
line-value = «{ $value }» no vale: { $why }
why-download = no es el número ni el nombre de ninguna descarga: ESTADO las muestra
why-priority = las prioridades son alta, normal y baja
why-secondary = no es el número de ningún secundario
why-off = detrás solo puede ir NO, para deshacerlo
why-json = solo admite JSON
why-retired = no es el número de ningún fichero apartado: { $retired } los muestra
why-choice = no es el número de ninguna fila de { $conflicts }
why-rate = no es una tasa: escribe bytes por segundo, como 500kB/s, 20MB/s o 1GiB/s
why-size = no es un tamaño: escribe bytes, como 500kB, 20MB o 1GiB
why-time = no es un tiempo: escribe segundos, o 30s, 2m o 1h
why-range = escribe un número de { $least } a { $most }
why-own-address = escribe una dirección de esta máquina en la red, como 192.168.1.20 o 192.168.1.20:8080
why-look = escribe cada cuánto, de 1s a 24h, como 30s o 5m
why-quiet = es demasiado: 24 horas como mucho
why-scrub = escribe cada cuánto, de 1m a 3650d, como 7d o 12h, o no
column-central = central
column-behind = atraso
column-term = mandato
central-by-itself = Este central es el único: se arrancó sin --motor
central-active = manda
central-limited = no lo sabe
central-ready = listo
central-behind = poniéndose al día
migrated = Ahora manda { $to }
not-migrated-not-active = Este central no manda: da la orden al que sí
not-migrated-under-way = Ya está dando el relevo
not-migrated-to-itself = Ya manda él
not-migrated-unknown = Ningún central se llama así: { $centrals } los muestra
not-migrated-behind = El otro central todavía no está al día: inténtalo dentro de un momento
not-migrated-silent = etcd no responde: este central sigue
not-migrated-alone = No hay ningún otro central que pueda relevar a este
why-ttl = escribe de 3s a 60s
why-limit = escribe una tasa como 20MB/s, o NO para quitar el límite
why-open-quote = hay una comilla sin cerrar
why-limit-no-rate = falta la tasa: escribe por ejemplo 8:00-20:00 lun-vie 5MB/s
why-limit-hours = no son unas horas: escribe desde cuándo hasta cuándo, como 8:00-20:00 o 22:00-6:00
why-limit-no-time = acaba a la hora en que empieza: si es todo el día, quita las horas
why-limit-day = no es un día de la semana: escribe lun, mar, mié, jue, vie, sáb o dom, o de uno a otro, como lun-vie
why-limit-two = ya hay un límite para el resto del tiempo: di las horas o los días de este, como 8:00-20:00 5MB/s
why-limit-many = son demasiados límites: { $most } como mucho
why-limit-low = es demasiado poco: { $least } como mínimo, porque los servidores dan por parado a quien toma menos
why-limit-unit = serían solo { $rate }; di la unidad: { $number }kB/s, { $number }MB/s o, si es eso, { $number }B/s

## Seguridad

open-cluster = AVISO: sin clave, el grupo está abierto: cualquiera en la red puede listar y descargar, y cualquier servidor puede sumarse. Para cerrarlo: --clave-archivo
open-cluster-tls = AVISO: sin clave, el grupo está abierto a quien tenga un certificado, o a cualquiera si no se da --tls-ca. Para cerrarlo: --clave-archivo
no-tls = Con clave y sin TLS: solo entra quien la conoce, pero el contenido se puede leer en la red, y quien esté en medio puede cambiar lo que se dice después del saludo. Para cerrarlo: --tls-cert, --tls-clave y --tls-ca
security-unreadable = { $path }: no se puede leer: { $why }
security-exposed = { $path }: otros lo pueden leer (permisos { $mode }). Para evitarlo: chmod 600 { $path }
security-empty = la clave está vacía: da una de al menos 16 bytes, o quita la variable o la opción
security-utf16 = la clave es UTF-16: guárdala de nuevo como UTF-8 en tu editor
security-short = la clave tiene { $bytes } bytes y hacen falta al menos 16. Una buena: head -c 32 /dev/urandom | base64 > clave
security-long = la clave tiene más de 4096 bytes: ¿es otro fichero?
security-password = { $path }: una contraseña de administrador tiene de 8 a 4096 bytes, y esta { $bytes }
security-half-identity = --tls-cert y --tls-clave van juntos: el certificado y su clave privada
security-half-secondary = un secundario atiende y se conecta: con TLS necesita --tls-cert, --tls-clave y --tls-ca
security-only-authority = --tls-ca pide certificado a quien se conecta, y para eso el central necesita el suyo: da también --tls-cert y --tls-clave
security-only-identity = con --tls-cert hace falta --tls-ca, para saber de qué central fiarse
tls-certificate = { $path }: no es un certificado en PEM ({ $why })
tls-key = { $path }: no es una clave privada en PEM ({ $why })
tls-pair = { $path }: el certificado y su clave no van juntos ({ $why })
tls-authority = { $path }: no sirve como autoridad ({ $why })
pem-nothing = no hay ninguno en el fichero
pem-cut = le falta el final
pem-damaged = está dañado
pem-keys-differ = la clave es de otro certificado
tls-not-tls = el otro lado no habla TLS
tls-theirs = su certificado no vale: { $why }
tls-ours = no acepta el certificado de este nodo: { $why }
tls-gave-up = el otro lado lo dejó, con la alerta { $alert } de TLS
certificate-none-shown = no se mostró ninguno
certificate-expired = ha caducado
certificate-not-yet = aún no es válido: comprueba los relojes
certificate-unknown-issuer = lo firma otra autoridad
certificate-wrong-name = no lleva ese nombre o dirección
certificate-wrong-purpose = es para otro uso
certificate-bad-signature = la firma no es de esa autoridad
certificate-revoked = su autoridad lo ha retirado
certificate-malformed = está dañado
certificate-refused = no dice por qué
made-new = Hecho en { $folder }: una autoridad nueva (ca.pem)
made-signed = Hecho en { $folder }, firmado por la autoridad que ya había
made-server = Al servidor { $stem } copia { $secret }, ca.pem, { $stem }.pem y { $key }; arráncalo con:
made-client = A cada cliente copia { $secret }, ca.pem, { $stem }.pem y { $key }; arráncalo con:
journal-foreign = { $path }: no es un diario de un central y no se toca; di otro fichero con --diario
journal-incomplete = { $path }: falta una parte del diario; son ese fichero y los que tienen su nombre y un número detrás. Devuélvelos a su sitio, o recupera una copia con «videocentral diario restaurar»
journal-later = { $path }: lo escribió una versión posterior de este programa (formato { $version }); arranca esa, o recupera una copia con «videocentral diario restaurar»
journal-damaged = { $path }: está dañado en el byte { $at }, después del registro { $seq }; detrás hay { $follow } registros buenos, así que no es una escritura cortada. Recupera una copia con «videocentral diario restaurar COPIA { $path }», o quédate con lo anterior al daño con «videocentral diario restaurar { $path } { $path }»
journal-not-understood = { $path }: el registro { $seq } está entero y no se entiende: «{ $words }»
journal-good = { $path }: está bien hasta el registro { $seq }; hechos desde la última foto: { $entries }; resumen { $digest }
journal-has-cut = Detrás hay una escritura cortada de { $bytes }: se quitará al arrancar
journal-restored = { $path }: recuperado hasta el registro { $seq }
journal-restored-lost = Registros buenos que venían detrás del daño y no están: { $lost }
journal-restored-before = El diario que había está ahora en { $path }
journal-busy = el disco o etcd no dan abasto con el diario de { $program }, y lo que se ordene tendría que esperar: repítelo dentro de un rato y comprueba el disco
journal-cut = { $path }: el último registro quedó a medias ({ $bytes }) cuando se paró la máquina; nadie llegó a saber de él, y se ha quitado
made-names = CENTRAL y las direcciones de los secundarios tienen que estar entre los nombres de sus certificados.
made-keep = No copies { $key } a ningún sitio: quien la tenga puede hacer certificados. Todo caduca a los 10 años.
made-engine = Hecho en { $folder }: una autoridad solo para etcd (ca.pem), con la que nadie más firma
made-engine-member = Al miembro { $stem }, en /etc/etcd, copia ca.pem, { $stem }.pem y { $key }, legibles para el usuario etcd, y sus ajustes:
made-engine-central = A cada central copia ca.pem, { $stem }.pem y { $key }; arráncalo, además, con:
made-engine-keep = Quien tenga { $key }, o el certificado y la clave de un central, puede hacerse pasar por un central. Todo caduca a los 10 años.
certificate-exists = { $path }: ya existe y no se toca; bórralo si quieres hacerlo de nuevo, o da otra carpeta
certificate-io = { $path }: { $why }
certificate-name = «{ $name }» no es un nombre de máquina ni una dirección: escribe --nodo 10.0.0.2, o --nodo central.lan,10.0.0.2
certificate-authority = { $path }: la autoridad que hay no sirve ({ $why }): da otra carpeta, o recupera ca.pem y su clave
authority-missing = falta este fichero
authority-key = no es una clave privada
authority-no-pair = el certificado y la clave no son de la misma autoridad, o no los hizo este programa
certificate-crypto = no se pudieron hacer los certificados: «{ $words }»
denied-secret-required = el central pide una clave: da la misma que él con --clave-archivo, o en TROZOS_CLAVE
denied-no-secret-there = el central no usa clave, y este nodo sí: puede no ser el de tu grupo. Arranca el central con --clave-archivo, o este nodo sin ella
denied-wrong-secret = la clave no es la del central: compara los ficheros de --clave-archivo
denied-tls-required = el central habla solo TLS: da --tls-ca, y --tls-cert con --tls-clave si pide certificado
denied-not-tls = el central no habla TLS: arráncalo con --tls-cert y --tls-clave, o este nodo sin --tls-ca
denied-theirs = el certificado del central no vale ({ $why }): comprueba que lo firma la autoridad de --tls-ca, que lleva el nombre o la dirección con que te conectas y que no ha caducado
denied-ours = el central no acepta el certificado de este nodo ({ $why }): da --tls-cert y --tls-clave, firmados por la autoridad del grupo y sin caducar
denied-tls-other = no se pudo establecer TLS con el central: { $why }
you-are-expelled = El administrador te ha expulsado: tus descargas terminan; podrás volver dentro de un minuto

## videolocal

local-level = Sincronizado: { $secondaries ->
    [one] el secundario tiene
   *[other] los { $secondaries } secundarios tienen
} { $files ->
    [0] lo mismo, aún ningún fichero
    [one] el mismo fichero
   *[other] los mismos { $files } ficheros
}
local-empty = Aún no hay ficheros: cópialos en { $folder }
local-waiting = Esperando: { $alive }
local-waiting-copies = Esperando: { $alive }; faltan { $copies }
local-not-level = los secundarios no se sincronizan: mira { $folder }
local-no-ports = --puerto-secundarios: no hay tantos puertos
local-no-central-ports = --puerto: no hay tantos puertos
local-no-etcd = --centrales necesita etcd, que guarda lo que saben los centrales, y no está en el PATH. En Debian y Ubuntu: apt install etcd-server
local-etcd-in-use = { $path }: lo usa otro videolocal que está en marcha; con --estadisticas este puede tener el suyo
local-cannot-make = { $path }: no se puede crear
local-cannot-write = { $path }: no se puede escribir
local-cannot-start = no se puede arrancar el proceso
local-does-not-start = { $who } no arranca: { $why }
local-does-not-start-status = { $who } no arranca ({ $status }): { $why }
local-exit-code = código { $code }
local-exit-signal = señal { $signal }
local-no-such-node = No hay ningún { $who }: escribe de 1 a { $most }, o C para el central
local-no-such-node-of = No hay ningún { $who }: NODOS los muestra todos
local-nobody-reigns = Ahora mismo no manda ningún central
local-is-frozen = está congelado: DESCONGELAR { $node } lo hace seguir
local-not-running = no está en marcha: LEVANTAR lo arranca
local-no-longer-running = ya no está en marcha: LEVANTAR lo arranca
local-running = ya está en marcha (proceso { $process })
local-no-process = proceso sin número
local-central = central
local-central-of = central { $name }
local-member = etcd { $name }
local-secondary = secundario { $number }
local-the = El { $who }: { $why }
local-dead = caído
local-frozen = congelado
local-alive = vivo
local-killed = Se ha matado el { $who } (proceso { $process })
local-froze = Se ha congelado el { $who } (proceso { $process })
local-thawed = Se ha descongelado el { $who } (proceso { $process })
local-raised = Se ha levantado el { $who } (proceso { $process }, puerto { $port })
why-account = NUEVA crea un código para otro equipo, QUITAR y las primeras cifras de su llave quitan uno, BORRAR cierra la cuenta
why-audit = los filtros son quien=, que=, fichero=, desde=, hasta= y tras=, y un número de líneas
why-moment = un momento es hace 2h o 30m, 2026-11-30 o 2026-11-30T08:00
why-node = escribe el número de un secundario, C para el central, o C1, C2, E1… si hay varios centrales
demo-well = Demostración terminada: todos los bytes son correctos
demo-nothing = no hay ningún fichero que descargar
demo-too-fast = la descarga acabó antes de la última caída: prueba con un --limite-subida más bajo
demo-not-downloaded = la descarga acabó sin descargar
demo-endless = la descarga no termina
demo-kill = *** SIGKILL al secundario { $number } (proceso { $process })
demo-raise = *** Se levanta el secundario { $number } (proceso { $process }, puerto { $port })
demo-nowhere = { $name }: no está en ningún secundario
demo-differs = { $name }: los bytes no son los mismos
demo-compared = Comprobado con SHA-256, fichero a fichero, contra el disco de los secundarios:
demo-sent = Lo que envió cada secundario de { $file }:
demo-cost = Coste de las caídas: { $chunks }, { $wasted } duplicados ({ $share } del fichero), { $without } sin un secundario; en total { $time }
demo-folder = Todo está en { $folder } y se borra al acabar; con --directorio CARPETA se queda
demo-making = Creando { $path } ({ $size })

## Órdenes: qué hacen, cómo se escriben, un ejemplo

help-system = Sistema
help-files = Ficheros
help-downloads = Descargas
help-transfers = Envíos y copias
help-folder = Carpeta
help-decisions = Decisiones
help-accounts = Cuentas
help-processes = Procesos
help-rest = Además
help-more = AYUDA <orden> da un ejemplo; valen también en inglés, en minúsculas, sin acentos
help-example = Ejemplo: { $example }
help-names = Nombres: { $names }
command-help = muestra esta ayuda, o la de una orden
    .usage = AYUDA [orden]
    .example = AYUDA VIDEO
command-quit = sale y guarda las estadísticas (también Ctrl-D)
    .usage = SALIR
    .example = SALIR
command-enrol = elige tu nombre; si no, es usuario@máquina
    .usage = INSCRIBIR <nombre>
    .example = INSCRIBIR ana
command-name = muestra tu nombre, o lo cambia
    .usage = NOMBRE [nombre]
    .example = NOMBRE ana
command-list = los ficheros que se pueden descargar
    .usage = LISTA_VIDEOS [patrón]
    .example = LISTA_VIDEOS
command-search = los que tienen ese texto en el nombre; admite * y ?
    .usage = BUSCAR <texto>
    .example = BUSCAR temporada 2
command-download = descarga ficheros en segundo plano; admite * y ?
    .usage = VIDEO <nombre>…
    .example = VIDEO pelicula.mp4 "serie/capítulo *"
    .more = Con una carpeta, como serie/, descarga todo lo que hay en ella; un número es el de la última lista
command-client-status = tus descargas y el estado del sistema
    .usage = ESTADO
    .example = ESTADO
command-detail = una descarga trozo a trozo, y quién trajo cada uno
    .usage = DETALLE <n|nombre>
    .example = DETALLE 1
command-pause = pausa una descarga; lo verificado se conserva
    .usage = PAUSAR <n|nombre|*>…
    .example = PAUSAR 1
command-resume = reanuda las pausadas, fallidas o canceladas
    .usage = REANUDAR <n|nombre|*>…
    .example = REANUDAR 1
    .more = Con * no se reanudan las canceladas
command-cancel = cancela una descarga; lo verificado se conserva
    .usage = CANCELAR <n|nombre|*>…
    .example = CANCELAR 1
command-priority = alta, normal o baja: las más altas van antes
    .usage = PRIORIDAD <n>… <nivel>
    .example = PRIORIDAD 2 alta
    .more = Valen números, nombres y *; las de menos prioridad esperan
command-verify = compara lo descargado y repara solo lo que está mal
    .usage = VERIFICAR <nombre|*>…
    .example = VERIFICAR pelicula.mp4
    .more = Compara trozo a trozo con lo que tiene el grupo, y pide de nuevo solo los trozos malos
command-watch = una dirección para ver un fichero mientras llega
    .usage = VER <nombre>…
    .example = VER pelicula.mp4
    .more = No se guarda nada, y CANCELAR la cierra
command-room = entra en una sala, o la abre
    .usage = SALA [<nombre>]
    .example = SALA pelicula.mp4
    .more = La sala de un fichero se llama como él. Quien entra recibe una vez, y en orden, lo que se diga desde entonces, también lo que se diga mientras no esté. --efimera no guarda nada; --historia da a quien llega todo lo guardado; --abre-con 5 lo enseña todo cuando sois cinco. Hace falta una cuenta
command-say = dice algo en la sala
    .usage = DECIR <texto>
    .example = DECIR ¿empezamos?
command-tell = dice algo a una sola persona
    .usage = A <cuenta> <texto>
    .example = A ana ya está subida
    .more = Si no está conectada, le llega cuando vuelva
command-rooms = las salas que hay y lo que te falta por leer
    .usage = SALAS
    .example = SALAS
command-room-history = lo último que se ha dicho en la sala
    .usage = HISTORIA [<sala>]
    .example = HISTORIA
command-leave = deja una sala
    .usage = DEJAR [<sala>]
    .example = DEJAR
command-channel = escucha un canal: cada encargo es de uno solo
    .usage = CANAL <nombre> [NO]
    .example = CANAL tareas
    .more = Tienes un encargo cada vez, y un minuto para acabarlo con HECHO; si no, pasa a otro, y tras tres intentos se aparta. CANAL tareas MUERTOS enseña los apartados
command-put = deja un encargo en un canal
    .usage = ENCARGAR <canal> <texto>
    .example = ENCARGAR tareas revisa el disco 3
command-done = acaba el encargo que tienes
    .usage = HECHO [NO]
    .example = HECHO
    .more = HECHO NO se lo da a otro
command-register = crea tu cuenta, con su llave en este equipo
    .usage = REGISTRAR <nombre>
    .example = REGISTRAR ana
    .more = Solo tiene el nombre quien tiene la llave; se guarda en ~/.config/trozos/identidad
command-connect = vuelve a tu cuenta
    .usage = CONECTAR [nombre código]
    .example = CONECTAR ana
    .more = Con un código del administrador entra un equipo sin llave
command-disconnect = deja la cuenta: eres un invitado
    .usage = DESCONECTAR
    .example = DESCONECTAR
command-unregister = cierra tu cuenta
    .usage = BAJA
    .example = BAJA
    .more = Su nombre queda 90 días en reposo
command-users = quién tiene cuenta, y quién está
    .usage = USUARIOS [texto]
    .example = USUARIOS an
command-per-file = descargas completas de cada fichero
    .usage = NUMERO_DESCARGAS_VIDEO
    .example = NUMERO_DESCARGAS_VIDEO
command-per-client = descargas completas de cada cliente
    .usage = VIDEOS_CLIENTE
    .example = VIDEOS_CLIENTE
command-central-status = el estado del sistema
    .usage = ESTADO
    .example = ESTADO
command-secondaries = estado, dirección, ficheros y envíos de cada uno
    .usage = SECUNDARIOS
    .example = SECUNDARIOS
    .more = También cuándo caducan, qué les falta y sus conflictos
command-clients = los clientes conectados
    .usage = CLIENTES
    .example = CLIENTES
command-queue = las descargas en espera, en orden
    .usage = COLA
    .example = COLA
command-expel = expulsa a un cliente; puede volver en un minuto
    .usage = EXPULSAR <cliente>
    .example = EXPULSAR ana
command-accounts = las cuentas y sus equipos
    .usage = CUENTAS
    .example = CUENTAS
command-account = una cuenta, o un código para otro equipo
    .usage = CUENTA <nombre> [acción]
    .example = CUENTA ana NUEVA
    .more = NUEVA crea un código para otro equipo, QUITAR y una llave quita uno, BORRAR la cierra
command-free-name = libera el nombre de una cuenta cerrada
    .usage = LIBERAR <nombre>
    .example = LIBERAR ana
command-audit = quién hizo qué, y cuándo
    .usage = AUDITORIA [filtro]… [n]
    .example = AUDITORIA quien=ana desde=2h 20
    .more = Los filtros son quien=, que=, fichero=, desde=, hasta= y tras=; con JSON, un documento por línea
command-drain = prepara un secundario para pararlo; NO lo deshace
    .usage = DRENAR <n|*>… [NO]
    .example = DRENAR 2
    .more = Un secundario drenado termina sus envíos y sus copias y no acepta otros
command-centrals = los centrales del grupo, y cuál de ellos manda
    .usage = CENTRALES
    .example = CENTRALES
command-migrate = hace que mande otro central
    .usage = MIGRAR [NODO]
    .example = MIGRAR c2
    .more = Las descargas siguen y nadie tiene que pedir nada otra vez; sin nombre, releva el que va más al día
command-conflicts = los nombres con varios contenidos; JSON, con todo
    .usage = CONFLICTOS [JSON]
    .example = CONFLICTOS
    .more = De cada contenido, su tamaño, su fecha y quién lo tiene
command-resolve = decide qué contenido vale; los otros se retiran
    .usage = RESOLVER <nombre> <n>
    .example = RESOLVER plan.txt 2
    .more = El número es el de la fila de CONFLICTOS
command-statistics = las cifras principales; con JSON, todas
    .usage = ESTADISTICAS [JSON]
    .example = ESTADISTICAS
command-transfers = envíos y copias en curso
    .usage = VIDEOS_DESCARGANDO
    .example = VIDEOS_DESCARGANDO
command-taken-part = descargas completas en que participó, por fichero
    .usage = VIDEOS_DESCARGADOS
    .example = VIDEOS_DESCARGADOS
command-secondary-status = qué sirve, qué envía y a qué ritmo
    .usage = ESTADO
    .example = ESTADO
command-reindex = lee la carpeta de nuevo, sin fiarse de lo que sabía
    .usage = REINDEXAR
    .example = REINDEXAR
command-retired = lo apartado de la carpeta que aún se guarda
    .usage = RETIRADOS [JSON]
    .example = RETIRADOS
    .more = Con JSON, para programas
command-recover = devuelve a la carpeta un fichero apartado
    .usage = RECUPERAR <n|*>…
    .example = RECUPERAR 3
    .more = Con su nombre o, si ya es de otro, con uno nuevo
command-empty = borra para siempre lo apartado; antes pide un SÍ
    .usage = VACIAR [n…|*]
    .example = VACIAR *
command-limit = límite de subida por segundo; NO lo quita
    .usage = LIMITE [<tasa|NO>]
    .example = LIMITE 20MB/s
    .more = Desde ahora, o según un horario; sin nada, lo muestra
command-download-limit = límite de lo que se recibe; NO lo quita
    .usage = LIMITE_BAJADA [<tasa|NO>]
    .example = LIMITE_BAJADA 20MB/s, 8:00-20:00 lun-vie 5MB/s
    .more = De todas las descargas juntas, desde ahora, o según un horario; sin nada, lo muestra
command-kill = mata el proceso de un secundario; C, el del central
    .usage = MATAR <n|C|*>…
    .example = MATAR 2
    .more = Con SIGKILL, sin avisarlo. Con varios centrales, C es el que manda, C1 y C2 son cada uno, y E1 a E3 son los de etcd
command-freeze = detiene un secundario de golpe; C, el central
    .usage = CONGELAR <n|C|*>…
    .example = CONGELAR 2
    .more = Con SIGSTOP, sin avisarlo
command-thaw = hace seguir a uno congelado; C, al central
    .usage = DESCONGELAR <n|C|*>…
    .example = DESCONGELAR 2
    .more = Con SIGCONT
command-raise = arranca de nuevo uno caído; C, el central
    .usage = LEVANTAR <n|C|*>…
    .example = LEVANTAR 2
    .more = En el mismo puerto
command-nodes = los procesos, con su puerto y su carpeta
    .usage = NODOS
    .example = NODOS

## Líneas de órdenes

about-videocentral = El central: sabe qué ficheros hay y quién los tiene, y reparte las descargas.
about-videocentral-diario = Enseña o comprueba el diario de un central parado, o lo recupera de una copia
about-videocentral-auditor = Sigue por la red la auditoría de un central, un documento JSON por línea
about-videocentral-certificados = Hace una autoridad privada, un certificado por servidor, otro para los clientes y una clave
about-videocentral-certificados-motor = Hace una autoridad y los certificados y ajustes de los miembros de etcd en que varios centrales guardan su diario
about-videosecundario = Un secundario: guarda copias verificadas de los ficheros y las envía.
about-videocliente = Un cliente: descarga ficheros de todos los secundarios a la vez.
about-videocliente-listar = Los ficheros que se pueden descargar
about-videocliente-descargar = Descarga ficheros y espera a que acaben
about-videocliente-verificar = Compara ficheros descargados con los del grupo y pide de nuevo solo los trozos malos
about-videocliente-enlace = Direcciones para abrir ficheros en un reproductor; valen unas horas sin la clave
about-videocliente-ver = Da una dirección en la que un reproductor ve un fichero mientras llega
about-videocliente-estado = El estado del grupo
about-videocliente-registrar = Crea una cuenta, que este usuario es desde entonces
about-videocliente-conectar = Es una cuenta desde entonces; con un código entra este equipo
about-videocliente-desconectar = Es un invitado desde entonces
about-videocliente-baja = Cierra la cuenta de este usuario
about-videocliente-usuarios = Las cuentas, y quién está conectado
about-videolocal = Un central y sus secundarios en esta máquina, como procesos de verdad, con la consola de un cliente.
heading-usage = Uso
heading-options = Opciones
heading-arguments = Argumentos
heading-commands = Órdenes
heading-general = General
heading-security = Seguridad
heading-downloads = Descargas
heading-mirror = Espejo
heading-watching = Ver
heading-output = Salida
manual-title = Manual de trozos
manual-name = NOMBRE
manual-synopsis = SINOPSIS
manual-description = DESCRIPCIÓN
manual-notes = NOTAS
manual-version = VERSIÓN
manual-prompt = ÓRDENES DE LA CONSOLA
manual-prompt-about = Lo que se escribe en la consola, en mayúsculas o minúsculas; AYUDA da los demás nombres de cada orden.
manual-exit = ESTADO DE SALIDA
manual-exit-well = Todo bien.
manual-exit-failed = Algo de lo pedido no se pudo hacer.
manual-exit-usage = La línea de órdenes o la configuración está mal.
manual-exit-unreachable = No se puede conectar con el central, o no deja entrar a este programa.
manual-exit-no-server = Para las órdenes a un servidor: no hay en marcha ninguno que las reciba de este usuario.
manual-exit-not-found = No hay ningún fichero con ese nombre.
manual-exit-no-such = Para las órdenes a un servidor: no existe ese secundario, cliente, fichero o número.
manual-exit-verification = Lo recibido, o lo que hay en el disco, no es lo que tiene el grupo, y no se pudo reparar.
manual-exit-interrupted = Lo terminó una señal.
manual-files = FICHEROS
manual-file-statistics = Las estadísticas, en JSON; la carpeta la dice --estadisticas.
manual-file-served = Lo que el secundario guarda para sí en la carpeta que sirve: lo que sabe de sus ficheros, y en retirados lo apartado.
manual-file-part = Una descarga a medias y su diario; con ellos continúa.
manual-file-names = Los últimos nombres que completó el intérprete de órdenes.
manual-file-config = Configuración de cada usuario.
manual-file-config-machine = Configuración de la máquina, para quien no tiene la suya.
manual-file-history = Lo que se escribió en la consola.
manual-examples = EJEMPLOS
manual-example-videocentral-1 = Empieza el servicio en cuanto están los dos secundarios.
    .line = videocentral --secundarios 2
manual-example-videocentral-2 = El estado del central que está en marcha, para un programa.
    .line = videocentral estado --json
manual-example-videosecundario-1 = Sirve una carpeta como secundario 1.
    .line = videosecundario -n 1 --directorio /srv/videos --ip-central 10.0.0.2
manual-example-videosecundario-2 = Limita lo que envía el que está en marcha.
    .line = videosecundario limite 20MB/s
manual-example-videocliente-1 = Una consola que descarga a una carpeta.
    .line = videocliente --ip-central 10.0.0.2 --destino ~/videos
manual-example-videocliente-2 = Descarga un fichero y una carpeta entera, y espera a que acaben.
    .line = videocliente descargar pelicula.mp4 'serie/*'
manual-example-videocliente-3 = Extrae un archivo según llega, con cada trozo verificado.
    .line = videocliente descargar copia.tar -o - | tar x
manual-example-videocliente-4 = Los nombres de todos los ficheros.
    .line = videocliente listar --json | jq -r '.files[].name'
manual-example-videocliente-5 = Ve una película mientras llega, y la guarda.
    .line = videocliente ver pelicula.mp4 --guardar --reproductor mpv
manual-example-videolocal-1 = La demostración: crea muestras, descarga y mata secundarios a la mitad.
    .line = videolocal --demo
manual-example-videolocal-2 = Un grupo de dos secundarios para probar; sus ficheros, en data/videos1 y data/videos2.
    .line = videolocal --secundarios 2
manual-example-videolocal-3 = Hace los autocompletados y las páginas de manual de todos los programas.
    .line = videolocal --generar hecho
manual-see-also = VÉASE TAMBIÉN
usage-options = OPCIONES
usage-command = ORDEN
help-sources =
    Cada opción se puede dar también en una variable (TROZOS_PUERTO…) o en el fichero de configuración
    (puerto = …): --mostrar-config los enseña. Los tamaños y tasas llevan unidad (20MB/s, 1GiB); los tiempos, también (30s, 2m).
value-carpeta = CARPETA
value-fichero = FICHERO
value-nivel = NIVEL
value-puerto = PUERTO
value-nombre = NOMBRE
value-host = MÁQUINA
value-nombre-o-ip = NOMBRE_O_IP
value-tasa = TASA
value-tamano = TAMAÑO
value-dias = DÍAS
value-tiempo = TIEMPO
value-ruta = RUTA
value-patron = PATRÓN
value-buscado = TEXTO
value-codigo = CÓDIGO
value-programa = PROGRAMA
flag-default = por defecto: { $value }
flag-help = Muestra esta ayuda
flag-version = Muestra la versión
flag-estadisticas = Carpeta de las estadísticas
flag-incluir = Solo los ficheros que coincidan (se admiten * y ?); se puede repetir
flag-excluir = Ninguno de los ficheros que coincidan; se puede repetir
flag-espejo = Solo lo que falta o tiene otro tamaño, y sustituye lo que es distinto
flag-por-contenido = Con --espejo: compara el contenido y no solo el tamaño
flag-borrar = Con --espejo: borra de esas carpetas los ficheros que el sistema no tiene
flag-ensayo = Con --espejo: solo dice lo que haría
flag-fichero = El fichero, o un patrón con * y ? con el que solo coincida uno
flag-guardar = También lo descarga entero, como descargar, aunque se cierre el reproductor
flag-reproductor = El programa que lo muestra, p. ej. mpv o "vlc -f": recibe la dirección como último argumento, y al cerrarlo acaba todo. Sin él se muestra la dirección y no se abre nada
flag-servir-en = Dirección de esta máquina en la red, con o sin puerto, para verlo en otra, como un televisor; quien no conoce la dirección entera no lo encuentra
flag-hasta-cerrar = Acaba 10 segundos después de que deje de leer el último reproductor
flag-registro = Nivel del registro: error, warn, info, debug, trace, o un filtro de tracing
flag-registro-formato = Formato del registro: texto, o json para programas, un objeto por línea; las horas, en UTC
flag-registro-archivo = Fichero del registro, en vez de stderr; un servicio lo abre de nuevo con SIGHUP
flag-videolocal-registro-archivo = Fichero del registro, en vez de stderr; los procesos tienen otros al lado: con a.log, a-central.log, a-secundario1.log…
flag-idioma = Idioma: es o en. Si no se dice, el de LC_ALL, LC_MESSAGES o LANG
flag-config = Fichero de configuración; si no se dice, ~/.config/trozos/trozos.toml o /etc/trozos/trozos.toml
flag-mostrar-config = Muestra cada valor y de dónde viene, y sale
flag-clave-archivo = Fichero con la clave del grupo, la misma en todos los nodos; o bien en la variable TROZOS_CLAVE
flag-tls-cert = Certificado de este nodo, en PEM
flag-tls-clave = Clave privada de ese certificado, en PEM
flag-tls-ca = Autoridad que firma los certificados del grupo: se exige a los demás un certificado firmado por ella
flag-ip = Nombre o dirección en que escuchar, con su puerto o sin él
flag-puerto = Puerto en el que escucha; 0 para uno libre
flag-videosecundario-puerto = Puerto en el que escucha; 0 para uno libre [por defecto: 50000 + número]
flag-videolocal-puerto = Puerto del central; si hay varios, los demás tienen los siguientes. 0 para puertos libres
flag-centrales = Cuántos centrales hay, de 1 a 5: desde 2, el que manda puede caer y otro lo releva. Necesita etcd instalado, del que arranca tres miembros
flag-secundarios = Cuántos secundarios hay: el mayor número permitido, de 1 a 64
flag-videocentral-secundarios = Cuántos secundarios deben inscribirse antes de que empiece el servicio, de 1 a 64
flag-max-clientes = Descargas a la vez, de 1 a 10000; las demás esperan en la cola
flag-cuentas = Si puede haber cuentas, cuyos nombres exigen una llave
flag-tras = Solo las líneas posteriores a este número [por defecto: a la última del fichero]
flag-cuenta = El nombre de la cuenta
flag-codigo = Un código que un administrador ha creado con CUENTA, para un equipo sin llave
flag-texto = Solo las que tienen ese texto en el nombre
flag-videocentral-auditor-salida = Fichero al que se añaden las líneas, siguiendo donde acaba; - para la salida estándar
flag-videocentral-auditor-admin-contrasena-archivo = Fichero con la contraseña de administrador, la misma del central
flag-sin-consola = Sin consola: corre como servicio hasta una señal
flag-accion = Qué hacer: ver sus registros, comprobar que están bien, o hacer un diario con lo bueno de una copia
flag-ruta = El diario; al restaurar, la copia
flag-diario_destino = El diario que se hace al restaurar; el que haya se conserva con otro nombre [por defecto: la misma RUTA]
flag-carpeta = Carpeta en la que se guarda todo; lo que ya haya en ella no se toca
flag-nodos = Nombre o dirección de un servidor, o varios con comas; una vez por servidor [por defecto: los de esta máquina]
flag-numero = Su número: de 1 a 3, o más con --secundarios
flag-ip-anunciada = Nombre o dirección que se da a los demás, con puerto o sin él [por defecto: donde escucha o, si no, la que usa para llegar al central]
flag-ip-central = Nombre o dirección del central, con su puerto o sin él; varios, con comas, y auto para el que se anuncie en la red
flag-grupo = De los centrales que se anuncian, los de este grupo
flag-videocentral-grupo = Nombre del grupo con el que se anuncia, para distinguirlo de otros de la misma red
flag-anunciar = Se anuncia en su red (mDNS), para quien lo busca con --ip-central auto [por defecto: si, y no con clave o TLS]
flag-puerto-central = Puerto del central
flag-directorio = Carpeta que sirve, o cubo de un almacén de objetos: s3://cubo/prefijo, az://…, gs://… [por defecto: data/videosN]
flag-videolocal-directorio = Carpeta en la que están videos1, videos2…
flag-limite-subida = Límite de subida por segundo: 500kB/s, 20MB/s, 1GiB/s; o un horario: «20MB/s, 8:00-20:00 lun-vie 5MB/s, sáb-dom no»
flag-limite-bajada = Límite de todo lo que se recibe, por segundo: 500kB/s, 20MB/s, 1GiB/s; o un horario: «20MB/s, 8:00-20:00 lun-vie 5MB/s, sáb-dom no»
flag-al-terminar = Programa que se ejecuta al acabar bien cada descarga, con la ruta del fichero como último argumento; sin shell
flag-campana = Suena la campana del terminal cuando acaba una descarga
flag-reposo = Cuánto lleva sin cambiar un fichero cuando se ofrece: 4s, 500ms, 1m; si está abierto para escribir, se espera a que se cierre
flag-motor = Miembros de etcd que guardan el diario de varios centrales: http://10.0.0.1:2379, o https, con comas
flag-nodo = Nombre de este central, si hay varios [por defecto: el de la máquina y el puerto]
flag-central-ip-anunciada = Nombre o dirección por la que lo encuentran los demás y los otros centrales, con puerto o sin él [por defecto: donde escucha o, si no, la que usa para llegar a etcd]
flag-ttl = Con varios centrales: otro releva al que lleva tanto tiempo sin decir nada, de 3s a 60s
flag-motor-ca = Certificado de la autoridad que firmó los de etcd, para https
flag-motor-cert = Certificado que este central enseña a etcd
flag-motor-clave = Clave de --motor-cert
flag-migrar-cada = Da el relevo a otro central cada tanto, para probarlo
flag-repaso = Cada cuánto mira qué ficheros hay, cuando nadie le avisa de los cambios: 30s, 5m [por defecto: 30s en una carpeta, 1m en un cubo]
flag-repaso-digests = Cada cuánto se vuelve a leer todo lo que sirve y se compara con su huella, por si el disco ha alterado algo: 7d, 12h; no: nunca
flag-olvidar-discos = Sigue sin los discos que tenía la carpeta y ya no van a volver: lo que hay ahora es todo
flag-videolocal-limite-subida = Límite de subida por segundo de cada secundario: 500kB/s, 20MB/s, 1GiB/s; o un horario: «20MB/s, 8:00-20:00 lun-vie 5MB/s, sáb-dom no»
flag-retirados-max = Cuánto se guarda como mucho de lo apartado en .trozos/retirados; lo más viejo se borra antes [por defecto: la décima parte del disco, y 50 GB como mucho]
flag-retirados-dias = Cuántos días se guarda lo apartado
flag-nombre = Se inscribe con este nombre al empezar
flag-destino = Carpeta de las descargas; «-» con descargar escribe en la salida estándar
flag-espera-fuentes = Cuánto espera una descarga cuando no queda ningún secundario
flag-sobrescribir = Reemplaza un fichero que ya exista con otro contenido
flag-patrones = Solo los nombres que coinciden; se admiten * y ?
flag-nombres = Ficheros, o patrones con * y ?
flag-salida = Escribe el fichero ahí; «-» es la salida estándar, en orden y trozo a trozo verificado, e igual una tubería o un dispositivo; en una carpeta, con su nombre
flag-json = El resultado, como un documento JSON en la salida estándar
flag-progreso = Cómo se muestra el progreso: texto (en la salida de errores), json (líneas en la salida estándar, la última el resultado) o no
flag-silencioso = Solo los errores
flag-detallado = Todo lo que pasa, en la salida de errores
flag-demo = Sin preguntas: crea muestras, descarga, mata secundarios a la mitad y comprueba cada byte
flag-generar = Hace en esta carpeta los autocompletados y las páginas de manual de todos los programas, y sale
flag-puerto-secundarios = Puerto del secundario 1; los demás, los siguientes. 0 para puertos libres
usage-more = Prueba «{ $program } --help»
usage-no-value = falta el valor de { $flag }
usage-invalid-value = «{ $value }» no vale para { $flag }: puede ser { $valid }
usage-invalid-value-near = «{ $value }» no vale para { $flag }: ¿querías decir { $near }? Puede ser { $valid }
usage-bad-value = «{ $value }» no vale para { $flag }: { $help }
usage-bad-value-alone = «{ $value }» no vale para { $flag }
usage-unwanted-value = { $flag } no lleva valor, y tiene «{ $value }»
usage-value = { $flag }: { $why }
usage-unknown = opción desconocida: { $flag }
usage-unknown-near = opción desconocida: { $flag }: ¿querías decir { $near }?
usage-command-unknown = orden desconocida: «{ $word }»: puede ser { $valid }
usage-command-near = orden desconocida: «{ $word }»: ¿querías decir { $near }?
usage-command-missing = falta la orden: puede ser { $valid }
usage-command-alone = la orden «{ $word }» va sola: las opciones, detrás de ella
usage-too-much = argumento de más: «{ $word }»
usage-twice = { $flag } se da dos veces
usage-twice-values = { $flag } se da dos veces, con valores distintos: { $values }; deja uno
usage-two-ports = { $address } «{ $place }» y { $flag } { $port } dicen dos puertos: deja uno
usage-missing = falta { $flags }
usage-conflict = { $flag } no va con { $other }
usage-utf8 = hay un valor que no es UTF-8
usage-number = el número { $number } no vale: --numero va de 1 a { $highest }
usage-number-more = el número { $number } no vale: --numero va de 1 a { $highest }; para usarlo, da --secundarios { $number } aquí y en el central
usage-one-file = --salida vale para un solo fichero, y hay { $count }; para una carpeta, usa --destino
usage-one-watched = «{ $name }» son { $count } ficheros, y solo se puede ver uno
usage-empty-output = --salida está vacía; di dónde, o quítala
why-empty = está vacío: quítalo o da un valor
why-home-of-other = la carpeta personal de otro no se busca: escribe la ruta entera, o ./{ $path } si el nombre empieza así
why-no-home = HOME no dice dónde está la carpeta personal: escribe la ruta entera
why-switch = escribe sí o no
why-not-url = no es una URL: escribe un nombre o una dirección, con puerto o sin él, como h:50000
why-brackets = una dirección IPv6 con puerto va entre corchetes: [::1]:50000
why-port = el puerto tras los dos puntos es un número de 1 a 65535
why-centrals = hasta { $count } centrales, separados por comas
why-group = el nombre de un grupo tiene de 1 a 48 bytes, sin caracteres de control
why-host = escribe un nombre o una dirección, como central.lan, 10.0.0.2 o ::1, con puerto o sin él
why-language = los idiomas son es y en
why-log-level = usa error, warn, info, debug o trace, o un filtro de tracing
settings-unreadable = { $path }: no se puede leer la configuración: { $why }
settings-wrong = { $path }: { $why }
settings-syntax = línea { $line }, columna { $column }: no es TOML: «{ $text }»
settings-unknown = clave desconocida: «{ $key }»: puede ser { $known }
settings-unknown-near = clave desconocida: «{ $key }»: ¿querías decir { $near }?
settings-utf8 = { $path }: la configuración no es UTF-8: guárdala de nuevo como UTF-8 en tu editor
settings-twice = la clave «{ $key }» se da dos veces: deja una
settings-twice-at = línea { $line }: la clave se da dos veces: «{ $text }»; deja una
settings-kind = la clave «{ $key }» lleva un texto, un número o true/false
settings-file = Fichero de configuración: { $path }
settings-none = Sin fichero de configuración (se busca en { $usual })
origin-flag = línea de órdenes
origin-variable = variable { $name }
origin-file = { $path }
origin-default = por defecto
origin-none = sin definir

## Órdenes para guiones

script-unreachable = no se puede conectar con el central ({ $why })
script-stdout = no se puede escribir en la salida estándar: { $why }
player-empty = --reproductor necesita el nombre de un programa, como mpv
player-not-started = no se puede abrir el reproductor { $player } («{ $why }»); sin --reproductor se muestra la dirección, para abrirla con otro
watch-hint = Ábrela con un reproductor o un navegador de esta máquina; Ctrl-C termina.
watch-at = Se ve en { $address } mientras llega; CANCELAR lo termina
watch-no-randomness = el sistema no proporciona números aleatorios, y sin ellos cualquiera podría adivinar la dirección; prueba de nuevo en un momento

## Lo que dice el sistema

system-not-found = no existe
system-denied = permiso denegado
system-refused = nadie escucha ahí
system-reset = se cortó la conexión
system-aborted = se cortó la conexión
system-not-connected = no hay conexión
system-in-use = está en uso
system-not-here = no es de esta máquina
system-closed = quien leía ha cerrado
system-timed-out = no contesta a tiempo
system-cut = se cortó a la mitad
system-no-host = no se llega a esa máquina
system-no-network = no se llega a esa red
system-network-down = la red no funciona
system-full = no queda sitio en el disco
system-read-only = el disco es de solo lectura
system-folder = es una carpeta
system-no-folder = no es una carpeta
system-data = el contenido no se entiende
system-exists = ya existe
system-quota = no queda cuota en el disco
system-too-large = demasiado grande para este disco
system-not-empty = la carpeta no está vacía
system-busy = lo usa otro proceso
system-deadlock = dos procesos se esperan el uno al otro
system-stale = la carpeta de red ya no vale: móntala de nuevo
system-name = el nombre no vale
system-unsupported = el sistema no lo permite ahí
system-memory = no queda memoria
system-io = error de lectura o escritura del disco
system-descriptors = demasiados ficheros abiertos
system-family = esta máquina no usa esa clase de dirección (IPv4 o IPv6)
system-device = no existe ese dispositivo
system-loop = demasiados enlaces simbólicos
system-number = error { $number } del sistema: «{ $words }»
system-other = otro error: «{ $words }»
lost-unknown-host = no se encuentra ninguna máquina «{ $host }»: comprueba --ip-central
lost-no-interface = { $host }: esta máquina no tiene ninguna interfaz de red «{ $zone }»; `ip -br link` muestra las que hay
lost-no-answer = { $address }: no contesta
lost-unreachable = { $address }: { $why }
lost-no-hello = { $place }: no saluda: ¿es un central?
lost-closed = se cerró la conexión
lost-cut = se cortó a la mitad
lost-closed-early = { $place }: cierra sin saludar: ¿es un central?
lost-secondary-there = { $place }: es el secundario { $number } y no un central: comprueba --puerto-central
lost-some-secondary-there = { $place }: es un secundario y no un central: comprueba --puerto-central
lost-stranger = { $place }: lo que contesta no es un central: comprueba --ip-central y --puerto-central
lost-not-a-message = el central envió algo que no es un mensaje: comprueba que todos los nodos son de la misma versión
lost-line-too-long = el central envió una línea demasiado larga: comprueba que todos los nodos son de la misma versión
lost-silent = no da señales de vida
lost-stops = el central se está parando
lost-other-cluster = { $place }: contesta el central de otro grupo
lost-nobody-announced = ningún central se anuncia en esta red; se espera a que haya uno, o --ip-central dice dónde está
lost-nobody-announced-of = ningún central del grupo { $group } se anuncia en esta red; se espera a que haya uno, o --ip-central dice dónde está
lost-several-clusters = en esta red se anuncian varios grupos: { $names }; --grupo dice cuál
lost-not-listening = no se puede escuchar quién se anuncia en la red: { $why }
lost-moved = ahora el central es { $address }
lost-outdated = { $place }: otro central ha tomado el relevo de este, o este perdió lo que tenía guardado: se espera al otro
lost-stopped = este programa se está parando

# Orders from other programs of this machine.
order-nobody = no hay ningún { $program } en marcha en esta máquina que reciba órdenes de este usuario; --socket RUTA dice dónde escucha otro
order-nobody-there = no hay ningún { $program } en marcha en el puerto { $port } de esta máquina que reciba órdenes de este usuario
order-nobody-numbered = no hay ningún { $program } con el número { $number } en marcha en esta máquina que reciba órdenes de este usuario
order-several = hay varios { $program } en marcha: elige uno con { $flags } ({ $sockets })
order-not-running = no hay ningún { $program } en marcha que escuche en { $socket }
order-denied = solo el usuario de ese programa y root pueden darle órdenes: { $socket }
order-cut = { $program } ha cerrado la conexión sin contestar
order-failed = { $socket }: { $why }
order-version = el { $program } en marcha es de otra versión: reinícialo
order-stopping = { $program } se está parando
order-standby = Este central está de reserva y no hace nada por su cuenta: manda { $node } ({ $address }), pídeselo a él
order-standby-at = Este central está de reserva y no hace nada por su cuenta: manda el de { $address }, pídeselo a él
order-standby-nobody = Este central está de reserva y ahora mismo no manda ninguno: prueba dentro de un momento
order-unknown = Este central ha dejado de mandar mientras tanto y no se sabe si se ha hecho: mira en el que mande ahora
order-forgotten = Ha pasado demasiado tiempo para saber si ya se hizo: míralo antes de pedirlo otra vez
order-differs = Ya se pidió otra cosa con esta misma clave
order-not-here = «{ $line }» solo sirve en la consola
order-reindexing = Se vuelve a leer toda la carpeta, sin dejar de servirla
orders-not-taken = No se reciben órdenes de otros programas: { $why }
orders-in-use = otro programa escucha ya en { $path }; --socket RUTA elige otro sitio
orders-open-folder = en { $path } pueden escribir otros usuarios; --socket RUTA elige otro sitio
flag-diario = Diario del central: lo que ha reconocido y no debe perder [por defecto: central.diario, junto a las estadísticas]
flag-socket = Socket en el que recibe órdenes de otros programas de esta máquina; no para ninguno [por defecto: el suyo, en la carpeta de ejecución de su usuario]
flag-si = No pregunta antes de borrar
order-words = Lo que sigue a la orden: { $values }
value-valor = VALOR
flag-order-socket = Socket del servidor [por defecto: el del único que haya en marcha]
flag-order-puerto = Puerto en el que escucha el servidor que se quiere
flag-order-numero = Número del secundario que se quiere
heading-order = Opciones

# Lo que se contesta por HTTP
http-not-found = Aquí no hay nada con esa dirección
http-expelled = El administrador ha expulsado a esta máquina; dentro de un minuto puede volver a pedir
http-replaced = Ese contenido ya no es el de su nombre: hay otra versión
http-bad-host = La petición no dice a qué máquina va, o dice varias
http-wrong-host = Este servidor no se llama así; si ese nombre es suyo, arráncalo con --http-nombre y el nombre
http-password-wanted = Aquí hace falta la contraseña: cualquier usuario, y la clave del grupo o, para dar órdenes, la de administrador
http-too-many-guesses = Demasiadas claves equivocadas desde esa dirección; espera un poco
http-wrong-origin = Esa orden viene de otra página, o no dice de dónde: hace falta Origin con esta misma dirección, o X-Trozos: 1
http-not-json = Las órdenes se dan en JSON: Content-Type: application/json
http-admin-off = Aquí no se dan órdenes por HTTP: no hay contraseña de administrador. Arranca el servidor con --admin-contrasena-archivo
http-admin-in-clear = La contraseña viajaría a la vista de todos: da la orden desde la misma máquina, o arranca el servidor con --admin-en-claro si la red es de fiar
http-bad-request = La petición no se entiende
http-too-large = La petición es demasiado grande
http-conflict = Lo que se pide no es posible tal como están las cosas
http-method-not-allowed = Esta dirección no admite ese método; los que admite van en Allow
http-not-implemented = Ese tipo de petición no se admite
http-address-too-long = La dirección es demasiado larga
http-not-ready = El servicio no ha empezado, o no queda ningún secundario con ese fichero
http-stopping = Este servidor se está parando, o no da abasto
http-standby = Este central está de reserva: no es el que manda
http-journal-busy = El disco o etcd no dan abasto con el diario del central
http-unreadable = El fichero no se puede leer ahora
http-needs-tls = Aquí hace falta la clave, y por http:// la oiría toda la red: usa https://, o pídelo desde la propia máquina
http-needs-secret = --http si: con TLS hace falta también una clave (--clave-archivo), que es lo que se dice por HTTP: los navegadores no llevan certificado
http-tells-secret = --http si: sin TLS la clave iría a la vista de todos; añade --tls-cert y --tls-clave, o escucha en 127.0.0.1 o en 0.0.0.0 y que solo se pida desde esta máquina
http-needs-authority = --http si: con TLS el central también pide datos a los secundarios y tiene que fiarse de sus certificados; añade --tls-ca
flag-http = Contesta por HTTP en su mismo puerto: navegadores, curl, aria2, reproductores; donde hay clave, la pide como contraseña [por defecto: si, y no con clave o TLS]
flag-max-ver = Quienes ven a la vez a través de este nodo, de 1 a 1000; los demás esperan un momento
flag-pasarela = Contesta por HTTP por todo el grupo (/ver/NOMBRE) y no solo con sus ficheros: los pide a los demás secundarios
flag-horas = Horas que vale cada dirección donde hay clave, de 1 a 24
flag-http-nombre = Nombre con el que se le puede pedir por HTTP, además de sus direcciones y del nombre de la máquina; varios, con comas
flag-admin-contrasena-archivo = Fichero con la contraseña de quien puede dar órdenes por HTTP [por defecto: no las da nadie]
flag-admin-en-claro = Acepta esa contraseña también por la red y sin cifrar: quien escuche la verá

# Las páginas del central
web-all-well = Todo en orden: { $alive } de { $all } secundarios, y cada fichero con todas sus copias
web-working = En marcha con { $alive } de { $all } secundarios; a algún fichero le faltan copias
web-not-ready = El servicio todavía no ha empezado: hay { $alive } de { $all } secundarios
web-search-label = Buscar por nombre
web-search = Buscar
web-files = Ficheros
web-entries = En total: { $count }
web-found = Con «{ $words }»
web-folders = Carpetas
web-folder = Carpeta
web-root = Todos los ficheros
web-name = Nombre
web-size = Tamaño
web-copies = Copias
web-copies-of = { $there } de { $wanted }
web-conflict = en conflicto
web-get = Conseguirlo
web-download = Descargar
web-open = Abrir
web-cannot-play = Este navegador no puede reproducirlo. Ábrelo en VLC o en mpv con la lista, o copia la orden de mpv de más abajo.
web-subtitles = Subtítulos
web-playlist = Lista para reproductores
web-pages = Páginas
web-range = Del { $first } al { $last } de { $total }
web-previous = Anteriores
web-next = Siguientes
web-empty = Aquí no hay ficheros todavía
web-empty-remedy = Copia alguno en la carpeta de un secundario: aparece solo, y se reparte entre los demás
web-nothing-found = Ningún fichero se llama así
web-commands = En una terminal
web-with = Con { $program }
web-copy = Copiar
web-copied = Copiado
web-select = Cópialo con Ctrl+C
web-holders = Quién lo tiene
web-holder = secundario { $number } ({ $address })
web-beside = Los de al lado
web-skip = Ir al contenido
web-this-language = En español
web-figures = Cifras
web-sending = Se envía
web-downloads = Descargas
web-queue = En cola
web-secondaries = Secundarios
web-secondary = Secundario
web-no-secondaries = Todavía no ha venido ninguno. En otra máquina: videosecundario -n 1 --ip-central y la dirección de esta
web-state = Estado
web-sends = Envía
web-up = en marcha
web-draining = drenando
web-down = caído
web-missing = le faltan { $count }
web-lost = Se ha caído el secundario { $number }
web-returned = Ha vuelto el secundario { $number }
web-ended = Ha terminado la descarga de { $file }
web-running = Descargas en marcha
web-no-downloads = Ahora no se descarga nada
web-from = de los secundarios { $secondaries }
web-left = quedan { $time }
web-progress = Enviado
web-via-http = por HTTP
web-via-copy = copia entre secundarios
web-no-queue = Nadie espera
web-position = Puesto
web-orders = Órdenes
web-orders-off = Desde aquí solo se mira. Para dar órdenes, arranca el central con --admin-contrasena-archivo FICHERO
web-orders-in-clear = Las órdenes se dan desde la máquina del central, porque por la red la contraseña iría a la vista. En una red de fiar, arranca el central con --admin-en-claro
web-orders-script = Las órdenes necesitan JavaScript. También se dan en la consola del central: DRENAR 1, EXPULSAR nombre
web-password = Contraseña de administrador
web-unlock = Entrar
web-unlocked = Ya puedes dar órdenes
web-most-downloads = Descargas a la vez
web-set = Fijar
web-clients = Clientes
web-client = Cliente
web-no-clients = No hay ninguno conectado
web-doing = descargas: { $running }, en cola: { $waiting }
web-expel = Expulsar
web-sure = ¿Expulsar a { $name }?
web-drain = Drenar
web-centrals = Centrales
web-central = Central
web-lag = Atraso
web-term = Mandato
web-active = manda
web-limited = no lo sabe
web-ready = listo
web-behind = poniéndose al día
web-migrate = Que mande
web-sure-migrate = ¿Que mande { $name }? Las descargas siguen
web-moved = Ahora manda { $name }
web-standby = { $name } está de reserva
web-standby-active = Manda { $name }, que tiene el catálogo:
web-standby-nobody = Ahora mismo no manda ningún central. En cuanto mande alguno, aquí estará su enlace.
web-work = Que trabaje
web-done = Hecho
web-failed = No ha podido ser

## Lo que se publica

not-offered = { $name } ha cambiado o ya no está, así que no se ofrece: vuelve a publicarlo con { $publish }
withdrawn-elsewhere = { $name } ya no se publica: se retiró desde otro sitio
not-serving = los demás no pueden llegar hasta aquí: { $why }
limit-published = una cuenta no publica más de { $count } ficheros
limit-audience = un fichero no se publica para más de { $count } cuentas
refused-no-source = está publicado, pero nadie que lo tenga está conectado ahora: prueba más tarde
refused-not-allowed = no es para ti
publish-name-taken = ese nombre ya se publica con otro contenido; añade REEMPLAZAR para cambiarlo
peer-no-ticket = no trae permiso del central
peer-ticket = su permiso del central no vale aquí, o ya no vale
peer-file-changed = pidió { $file }, que ha cambiado desde que se publicó
client-unknown-account = no hay ninguna cuenta llamada { $name }
publish-alone = este cliente no da ni recibe nada de otros clientes
publish-outside = { $path } está fuera de las carpetas desde las que se publica; { $flag } permite otra
publish-hidden = { $path } está oculto, o en una carpeta oculta, y así no se publica
publish-name = { $path } tiene un nombre que no se puede publicar
published-by = { $owner } publica { $file } ({ $size })
withdrawn-by = { $owner } ya no publica { $file }
bad-published-name = no es el nombre de un fichero publicado: @<cuenta>/<nombre>
published = Publicado { $path } como { $name } ({ $size })
publish-folder-empty = { $path } no tiene ficheros que se puedan publicar
publish-folder = Se publicarían { $files } ({ $size }); para publicarlos: { $command } TODO
publish-too-many = una cuenta no publica más de { $count } ficheros: publica una parte de la carpeta
publish-serving = Se sirve hasta que lo pares con Ctrl-C.
withdrawn = Ya no se publica { $name }
content-none = { $name } no publica nada que puedas ver
column-sources = fuentes
column-for = para
column-published = publicado
source-away = no disponible
holders-published = { $count ->
    [one] 1 dispositivo
   *[other] { $count } dispositivos
}
about-videocliente-publicar = Publica ficheros tuyos, que se quedan donde están
about-videocliente-retirar = Deja de publicar ficheros
about-videocliente-contenido = Lo que publica una cuenta
about-videocliente-traer = Descarga ficheros publicados directamente de quien los publica
heading-peers = Compañeros
heading-publishing = Publicar
flag-puerto-companeros = Puerto en el que otros clientes reciben lo que publicas; si está ocupado, otro que esté libre
flag-publicar-desde = Otra carpeta desde la que se puede publicar, además de la tuya, la actual y la de las descargas
flag-compartir = Da lo que recibe a otros clientes que reciben lo mismo, y durante diez minutos lo que ya ha recibido
flag-sin-companeros = Ni da a otros clientes ni recibe de ellos
flag-como = Cómo se llamará, detrás de @<cuenta>/
flag-para = Solo para estas cuentas, separadas por comas
flag-reemplazar = Reemplaza otro contenido que ya se publique con ese nombre
flag-todo = Todos los ficheros de una carpeta
flag-servir = Sigue en marcha y lo sirve, hasta Ctrl-C
command-publish = publica un fichero, que se queda donde está
    .usage = PUBLICAR <ruta> [PARA…]
    .example = PUBLICAR apuntes.pdf PARA luis,eva
    .more = PUBLICAR <ruta> COMO <nombre> le da otro nombre, y REEMPLAZAR quita lo que lo tenía; de una carpeta se enseña antes la lista, y TODO la publica
command-withdraw = deja de publicar un fichero
    .usage = RETIRAR <nombre>
    .example = RETIRAR apuntes.pdf
    .more = A quien lo esté recibiendo le quedan diez segundos
command-content = lo que publica una cuenta
    .usage = CONTENIDO <cuenta>
    .example = CONTENIDO ana
command-bring = descarga un fichero de quien lo publica
    .usage = TRAER @<cuenta>/<nombre>
    .example = TRAER @ana/apuntes.pdf
    .more = Como VIDEO; TRAER ana apuntes.pdf copia.pdf lo guarda con otro nombre
uploading = Subiendo { $rate } a { $count } ({ $size } en total); se publican { $files } desde aquí
uploading-limited = { $line }; límite: { $limit }
ignored-published = los nombres que empiezan por @ son de lo que publica la gente
command-upload-limit = límite de lo que se envía a otros; NO lo quita
    .usage = LIMITE [<tasa|NO>]
    .example = LIMITE 20MB/s
    .more = De lo que publicas, a todos juntos, desde ahora, o según un horario; sin nada, lo muestra
help-published = Publicado
flag-companeros = Arranca tantos clientes que descargan a la vez el fichero más grande, y enseña cuánto tarda cada uno y de dónde le llega
crowd-begins = { $count ->
    [one] Un cliente empieza
   *[other] { $count } clientes empiezan a la vez
} a descargar { $file } ({ $size })
crowd-client = cliente
crowd-took = tardó
crowd-from-secondaries = de secundarios
crowd-from-peers = de compañeros
crowd-total = De { $who }: { $size }
figure-value = { $name }: { $value }
figures-none = nadie ha contado nada todavía: { $figure } nombre +1
column-figure = cifra
help-rooms = Salas
help-figures = Cifras
command-figure = cuenta: suma, resta o dice una cifra
    .usage = CIFRA [nombre] [+n|-n|=0]
    .example = CIFRA sala.aforo +5
    .more = Sin nombre es «contador»; votos:FICHERO +1 vota, y descargas:FICHERO y reproducciones:FICHERO se miran
command-figures = todas las cifras libres
    .usage = CIFRAS
    .example = CIFRAS
command-info = servicios, puertas, conexiones, cola y diario
    .usage = INFO [JSON]
    .example = INFO
figure-not-understood = no se entiende: [NOMBRE] y +n, -n, =0, inc.n, dec.n o res.0
figure-too-large = ese número no cabe en 64 bits
figure-overflow = no cabe en 64 bits: se queda en { $value }
figure-counted = las descargas y las reproducciones se cuentan solas: nadie las cambia
figure-one-vote = un voto es +1 o -1, y de alguien con nombre ({ $enrol }) desde su propio cliente
figure-reset-denied = solo quien administra puede ponerla a cero
figure-too-many = no cabe ninguna más: { $most } como mucho
figure-busy = hay demasiadas órdenes en espera: no se ha hecho; prueba otra vez
figure-elsewhere = este central no manda ahora ({ $centrals })
figure-stopping = el central se para, y puede que lo haya hecho o que no
private-message = { $from } (sin comprobar) te dice: { $text }
door-failed = la puerta de cifras { $door } no se abre: { $why }
door-open = cifras por { $door } en { $address }
info-version = trozos { $version }
info-standing = central: { $state }, mandato { $term }, grupo { $cluster }, en marcha desde hace { $seconds } s
info-active = manda
info-limited = sin saber si manda
info-standby = de reserva
info-behind = de reserva, atrasado
info-up = abierto
info-down = cerrado
info-central = central { $node } ({ $address }): { $state }
info-service = servicio { $service }: { $state }
info-door = puerta { $door }: { $state }; { $orders } órdenes, { $refused } rechazadas, { $rate }/s, { $connections } conexiones
info-queue = cola: { $waiting } en espera (hasta { $most } por puerta); { $figures } cifras
info-connections = conexiones: { $secondaries } de { $known } secundarios, { $clients } clientes
info-states = de ellas: { $idle } ociosas, { $busy } ocupadas, { $pinned } fijas; { $refused } rechazadas
info-journal = diario: { $facts } hechos, { $durable } en el disco, { $held } respuestas esperando
info-traffic = tráfico: enviados { $lines } bytes por líneas y { $http } por HTTP, recibidos { $received }
info-downloads = descargas: { $downloads } completas, { $running } en marcha, { $waiting } en espera
web-info = Estado
web-plays = Vistas
web-votes = Votos
flag-cifras-udp = Puerto UDP de las cifras: una orden por datagrama (inc.5, dec.3, res.0; inc.0 pregunta); 0: uno libre [por defecto: cerrada]
flag-cifras-tcp = Puerto TCP de las cifras: una orden por línea; 0: uno libre [por defecto: cerrada]
flag-cifras-tcp-procesos = Lo mismo, con un proceso propio para cada conexión [por defecto: cerrada]
flag-cifras-http = Puerto HTTP de las cifras, para curl: /cambiar?counter=inc.5 e /info [por defecto: cerrada]
flag-cifras-a-cero = Si por esas puertas cualquiera puede poner una cifra a cero (res.0) [por defecto: no]
about-videocentral-consola = El intérprete de un central que está en otra parte, por gRPC; con una orden detrás, solo esa
flag-videocentral-consola-en = Dónde está: nombre o dirección, y puerto si no es 50000
flag-videocentral-consola-admin-contrasena-archivo = Fichero con la contraseña de administrador de ese central
flag-videocentral-consola-tls-ca = Certificado de la autoridad que firmó el suyo: con él, todo va cifrado
flag-videocentral-consola-json = Un documento JSON por la salida, si se da una orden
flag-videocentral-consola-palabras = Una orden, como en el intérprete [por defecto: se abre el intérprete]
console-connected = conectado a { $address }; SALIR o Ctrl-D acaban aquí, y el central sigue
console-gone = el central ya no contesta
console-unreachable = no se puede hablar con ese central: { $why }
console-password = esa no es la contraseña de administrador
console-not-taken = ese central no admite órdenes de lejos: { $why }
console-needs-password = falta --admin-contrasena-archivo
console-no-file = { $path }: { $why }
