## Lo que tienen todos los programas

hint-help = Escribe H para ver las órdenes
line-too-long = Línea demasiado larga
stopping = Parando: se guardan las estadísticas
stopping-processes = Parando los procesos
error = error: { $why }
warning = aviso: { $why }
warning-statistics-not-saved = aviso: no se guardaron las estadísticas: { $why }
error-statistics-not-saved = error: no se guardaron las estadísticas: { $why }
error-no-orderly-stop = error: no se pudo parar en orden
program-failed = falló una parte del programa
no-threads = el sistema no da más hilos: se alcanzó el límite de procesos (ulimit -u, TasksMax)
interrupted = interrumpido
listening = Servidor escuchando en { $address }
folder-served = Carpeta { $folder }

## Números, listas y unidades

decimal-mark = ,
group-mark = { "\u00A0" }
# De cuántas cifras en adelante se agrupan.
group-from = 5
list-none = ninguno
list-last = { $others } y { $last }
percent = { $value } %
chunks = { $count ->
    [one] 1 trozo
   *[other] { $count } trozos
}
files = { $count ->
    [one] 1 fichero
   *[other] { $count } ficheros
}
secondaries = { $count ->
    [one] 1 secundario
   *[other] { $count } secundarios
}
secondaries-alive = { $count ->
    [one] 1 secundario vivo
   *[other] { $count } secundarios vivos
}
copies = { $count ->
    [one] 1 copia
   *[other] { $count } copias
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

column-file = video
column-client = cliente
column-downloads = descargas
column-complete = hechas
column-failed = fallos
column-cancelled = dejadas
column-mean = media
column-size = tamaño
column-secondaries = secundarios
column-secondary = secundario
column-number = nº
column-state = estado
column-address = dirección
column-files = videos
column-missing = le faltan
column-conflicts = conflictos
column-modified = modificado
column-content = contenido
column-offered = se ofrece
column-what = qué pasa
column-progress = va por
column-chunks = trozos
column-bytes = bytes
column-wasted = de más
column-reassigned = reasignados
column-returns = vueltas
column-node = nodo
column-process = proceso
column-port = puerto
column-folder = carpeta
column-place = puesto
column-waited = espera
column-when = apartado el
column-why = por qué
column-lease = plazo
column-sends = envía
column-sent = enviado
column-rate = ahora
column-left = faltan
column-running = en curso
column-waiting = en espera
column-connected = conectado hace
column-value = valor
column-flag = opción
column-origin = de dónde viene

## Un cliente

enrolled-as = Inscrito como { $name }
name-but = Te llamas { $name }, pero { $why }
central-connected = Conectado con el central { $central }
central-away = No se puede conectar con el central ({ $reason }): se reintenta solo
your-name = Te llamas { $name }
no-name = No tienes nombre todavía: INSCRIBIR <nombre>
central-lost = Sin conexión con el central ({ $reason }): las descargas en curso siguen, y se reintenta solo
central-lost-idle = Sin conexión con el central ({ $reason }): se reintenta solo
central-denied = Sin conexión con el central: { $why }
central-back = Conectado de nuevo con el central
service-is-here = Ya hay servicio: { $secondaries }, { $files }
download-head = [{ $number }] { $file }
download-queued = en espera, puesto { $place } de la lista
download-started = empieza, { $size } de { $secondaries }
download-started-empty = empieza
download-resumed = ya había { $size } verificados de antes; sigue desde ahí
download-own = { $size } se toman de este disco, verificados; no hace falta enviarlos
download-started-over = lo que había a medias no sirve (es de otro contenido o no tiene diario): empieza de cero
download-damaged = { $count ->
    [one] 1 trozo de antes está dañado y se pide otra vez
   *[other] { $count } trozos de antes están dañados y se piden otra vez
}
download-set-aside = lo que había a medias no es de este contenido: se conserva como { $to }, y se empieza de cero
download-no-locks = en este disco no se pueden bloquear ficheros; procura que ningún otro programa descargue lo mismo en la misma carpeta
download-complete = completo y verificado, { $amount }
download-complete-at = completo y verificado, { $amount } → { $path }
amount-in = { $size } en { $time }
amount-part = { $part } de { $size }
amount-nothing = vacío
download-digest = SHA-256 { $digest }
download-rate = { $rate } de media
download-spared-own = { $size } tomados de este disco
download-spared-zeros = { $size } de ceros, que no se envían
download-cost = { $wasted } recibidos de más: duplicados para acabar antes, o trozos a medias
download-already = ya estaba completo y verificado en { $path }
download-failed = falló: { $why }
download-cancelled = cancelado; lo verificado se conserva para otra vez
downloads-cancelled = { $count ->
    [one] 1 descarga cancelada; lo verificado se conserva para otra vez
   *[other] { $count } descargas canceladas; lo verificado se conserva para otra vez
}
download-paused = en pausa; lo verificado se conserva. REANUDAR { $number } lo sigue
download-held = espera a que acabe una descarga de más prioridad
download-superseded = tiene una versión nueva y ya nadie tiene la anterior: se descarga la nueva
download-checked = { $bad ->
    [0] comprobado trozo a trozo: está bien
    [one] comprobado trozo a trozo: 1 de { $chunks } está mal y se pide otra vez
   *[other] comprobado trozo a trozo: { $bad } de { $chunks } están mal y se piden otra vez
}
answer-found = Encontrado: es la descarga { $number }
answer-waits = Encontrado: es la descarga { $number }; espera en el puesto { $place } de la lista
downloads-asked = { $count ->
    [one] 1 fichero pedido
   *[other] { $count } ficheros pedidos
}
downloads-wait = { $count ->
    [one] { $asked }; 1 en espera
   *[other] { $asked }; { $count } en espera
}
no-files = No hay ningún video
no-match = Ningún video casa con «{ $pattern }»
no-such-file-near = no existe «{ $name }»: ¿querías decir { $near }?
holders = { $holders } de { $secondaries }
holders-conflict = { $holders } de { $secondaries }, en conflicto
no-downloads = No has pedido ninguna descarga
state-asked = pedida
state-queued = en espera, puesto { $place }
state-no-sources = { $percent }, sin fuentes
state-complete = completa
state-failed = falló
state-cancelled = cancelada
state-paused = en pausa
state-held = espera a otra de más prioridad
cancelling = Se cancela la descarga { $number }
pausing = Se para la descarga { $number }
priority-set = Descarga { $number }: prioridad { $priority }
priority-low = baja
priority-normal = normal
priority-high = alta
no-download = No hay ninguna descarga { $which } en curso
no-download-to-resume = No hay ninguna descarga { $which } en pausa
no-local-file = { $name }: no está en la carpeta de descargas; VIDEO { $name } lo descarga

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

## Lo que pasa entre quien recibe y sus secundarios

fault-unreachable = no se puede conectar con él
fault-broken = se cortó la conexión
fault-stalled = no envía nada
fault-digest = envió bytes equivocados
fault-refused = dice que no puede enviarlo
fault-protocol = no habla el protocolo
notice-suspect = El secundario { $source } no responde
notice-cleared = El secundario { $source } vuelve a enviar
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
failure-no-sources = ningún secundario pudo enviarlo en { $waited }; lo verificado se conserva: pídelo otra vez cuando haya secundarios
failure-wrong-manifest = los secundarios { $one } y { $other } enviaron el trozo { $chunk } con otro contenido que el anunciado: el manifiesto no es bueno
failure-local = falló el disco de este lado; el registro dice cómo
failure-broken = falló una parte de este programa; el registro dice más

## Un central

offered-many = Se ofrecen { $files } ficheros más
no-longer-offered-many = Ya no se ofrecen { $files } ficheros
left-out = No se muestran { $lines } líneas más sobre los clientes de { $address }: llegan demasiado deprisa
left-out-anybody = No se muestran { $lines } líneas más sobre clientes: llegan demasiado deprisa
bad-peer = Conexión de { $address } rechazada: { $reason }
peer-says-nothing = no dijo nada en { $seconds } s
peer-silent = dejó de dar señales de vida
peer-idle = no pidió nada en { $seconds } s
peer-takes-too-little = recogió menos de { $size } en { $seconds } s
peer-tls = TLS no salió bien ({ $why })
peer-needs-tls = no habla TLS, y este puerto no habla otra cosa
peer-has-no-tls = habla TLS, y este puerto no
peer-needs-secret = no muestra ninguna clave, y el grupo está cerrado
peer-old-in-closed = usa el protocolo de 2017, que no sirve en un grupo cerrado
peer-wrong-secret = su clave es otra
peer-other-protocol = habla la versión { $theirs } del protocolo, y este programa la { $ours }
peer-line-too-long = envió una línea de más de { $size }
peer-not-a-message = envió algo que no es un mensaje de este protocolo
peer-unexpected = envió un mensaje que no tocaba
peer-number-too-high = es el secundario { $number }, y aquí valen de 1 a { $most }; para admitirlo, arranca el central con --secundarios { $number }
peer-nameless = no dijo su nombre
peer-no-place = ya hay { $count } conexiones y no caben más
peer-gave-way = no hacía nada, o era de quien más conexiones tiene: cedió su sitio a otra
peer-no-descriptor = este programa no puede abrir más ficheros ni conexiones: sube su límite (ulimit -n)
peer-too-many-chunks = pidió dos veces el trozo { $chunk }, o más de { $count } a la vez
peer-no-such-chunks = pidió el trozo { $chunk } y más de { $count } que el fichero no tiene
peer-not-held = pidió { $file }, que no está aquí
peer-others-transfer = la transferencia { $transfer } es de otro receptor o de otro fichero
peer-expelled = el administrador lo ha expulsado
peer-part-too-large = la parte { $part } ocupa { $size }, y su protocolo no pasa de { $most }
peer-gone = se fue a la mitad ({ $why })
peer-internal = fallo de este programa ({ $why })
no-randomness = el sistema no da números al azar
other-protocol = el central habla la versión { $theirs } del protocolo y este programa la { $ours }: instala la misma versión de trozos en todos los nodos
secondary-up = Secundario { $number } inscrito: escucha en { $address }
secondary-returned = Secundario { $number } ha vuelto: escucha en { $address }
secondary-goodbye = Secundario { $number } se ha despedido
secondary-closed = Secundario { $number } ha caído: se cortó la conexión
secondary-silent = Secundario { $number } ha caído: no da señales de vida
secondary-drained = Secundario { $number }: ya no envía nada; se puede parar
service-began = Empieza el servicio: ya están los secundarios
secondary-takes-no-copies = El secundario { $number } no recibe copias: en su carpeta no se puede escribir
secondary-takes-copies = El secundario { $number } vuelve a recibir copias de todo
secondary-all-away = Falta el disco del secundario { $number }: no recibe copias hasta que vuelva
secondary-folders-away = Falta un disco del secundario { $number }: no recibe copias en { $folders } hasta que vuelva
level = Sincronizado: todos los secundarios vivos tienen lo mismo, { $files }
no-secondaries = No queda ningún secundario: las descargas esperan a que vuelva alguno
offered = Se ofrece { $file } ({ $size })
offered-some = Se ofrecen { $count } ficheros más, { $size }
no-longer-offered-deleted = Ya no se ofrece { $file }: se borró en el secundario { $number } y los demás lo retiran
no-longer-offered = Ya no se ofrece { $file }
conflict = Conflicto: el secundario { $number } tiene otro contenido en { $file }; no se copia ni se toca hasta que decidas (CONFLICTOS)
same-text = Conflicto: hay dos ficheros que se escriben { $file }, uno con los acentos aparte (como los guarda un Mac); se ofrecen los dos hasta que decidas (CONFLICTOS)
replaced = Nueva versión de { $file } ({ $size }) en el secundario { $number }: los demás la copian
resolved = Decidido: { $file } es desde ahora el contenido elegido; las otras copias se retiran
copy-ordered = El secundario { $target } copia { $file } de { $sources }
copy-ordered-many = El secundario { $target } copia { $count } ficheros
copy-ended = Copia de { $file } en el secundario { $target }: { $outcome }
copied-to-many = { $count } ficheros copiados al secundario { $target }, { $size }
client-enrolled = Cliente { $client } inscrito desde { $address }
client-gone = Cliente { $client } se ha ido
granted = { $client } descarga { $file } de los secundarios { $sources }
granted-many = { $client } descarga { $count } ficheros
queued = { $client } espera por { $file } en el puesto { $place }
queued-many = { $client } espera por { $count } ficheros
place-lent = A { $client } no se le envía nada de { $file }: otros usan su puesto hasta que siga
place-lent-many = A { $client } no se le envía nada de { $count } ficheros: otros usan sus puestos hasta que siga
finished = Descarga de { $file } por { $client }: { $outcome }
finished-many = { $client } ha completado { $count } descargas, { $size }
cancelled-many = { $client } ha cancelado { $count } descargas
copy-damaged = El secundario { $number } tiene dañado { $file } y no lo sirve: { $others ->
    [0] nadie más lo tiene, así que no se puede arreglar hasta que vuelva alguien con una copia buena
   *[other] se arregla con la copia de otro
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
told-other = dice «{ $words }»
to-client = al cliente { $name }
to-original = al cliente original { $name }
to-secondary = al secundario { $number }
the-client = el cliente { $name }
the-original = el cliente original { $name }
the-secondary = el secundario { $number }
outcome-complete = completa y verificada
outcome-already = ya estaba completa
outcome-failed = fallida
outcome-cancelled = cancelada
system-no-service = Sistema sin servicio: { $alive ->
    [one] 1 secundario vivo
   *[other] { $alive } secundarios vivos
}, hacen falta { $required }
system-copying = Sistema en servicio; copiando entre secundarios
system-level = Sistema en servicio y sincronizado
system-lacking = Sistema en servicio; sin sincronizar: { $what }
lacking-copies = { $count ->
    [one] falta 1 copia
   *[other] faltan { $count } copias
}
lacking-conflicts = { $count ->
    [one] 1 conflicto por decidir (CONFLICTOS)
   *[other] { $count } conflictos por decidir (CONFLICTOS)
}
lacking-changing = { $count ->
    [one] 1 fichero que está cambiando
   *[other] { $count } ficheros que están cambiando
}
no-conflicts = No hay conflictos
conflicts-remedy = RESOLVER <nombre> <nº> decide cuál vale
conflict-offered = sí
conflict-here = Conflicto: { $file } tiene contenidos distintos: { $versions }; el administrador decide con RESOLVER
conflict-version = { $size } del { $date } ({ $id }) en { $secondaries }
conflict-decided = Decidido el conflicto de { $file }
no-conflict = { $file } no está en conflicto
no-such-file = no hay ningún { $file }; CONFLICTOS muestra los nombres en conflicto
no-such-choice = { $file } no tiene un contenido { $choice }: elige { $choices }
system-counts = { $files ->
    [one] 1 video
   *[other] { $files } videos
}, { $clients ->
    [one] 1 cliente
   *[other] { $clients } clientes
}, { $running ->
    [one] 1 descarga en curso
   *[other] { $running } descargas en curso
}, { $waiting } en espera, { $copies ->
    [one] 1 copia en curso
   *[other] { $copies } copias en curso
}
condition-up = vivo
condition-read-only = solo lectura
condition-away = falta un disco
condition-down = caído
condition-draining = vaciándose
no-clients = No hay ningún cliente
queue-empty = No espera nadie
expelled = { $count ->
    [one] Expulsado { $name }
   *[other] Expulsado { $name }: { $count } conexiones
}
no-such-client = No hay ningún cliente «{ $name }»: CLIENTES los muestra
draining = El secundario { $number } acaba lo que envía y no recibe nada nuevo; DRENAR { $number } NO lo deshace
not-draining = El secundario { $number } vuelve a tomar parte
no-such-secondary = No hay ningún secundario { $number } inscrito: SECUNDARIOS los muestra
original-client = original
no = no

## Un secundario

enrolled = Inscrito en el central { $central }
enrolled-again = Inscrito de nuevo en el central { $central }
upstream-lost = Sin conexión con el central ({ $reason }): se reintenta solo
folder-read = Carpeta leída: { $files ->
    [one] 1 fichero
   *[other] { $files } ficheros
}, { $size }
reindexing = Se lee la carpeta entera otra vez
serving = Se sirve { $file } ({ $size })
serving-many = Se sirven { $count } ficheros más, { $size }
no-longer-serving = Ya no se sirve { $file }: { $why }
no-longer-serving-many = Ya no se sirven { $count } ficheros: { $why }
gone-deleted = se ha borrado
gone-changed = ha cambiado o no se puede leer
gone-withdrawn = se borró en otro secundario, y aquí no se puede apartar
gone-set-aside = se borró en otro secundario; esta copia queda en .trozos/retirados
gone-altered = el disco lo ha alterado
file-damaged = { $file } está dañado en el disco: su contenido no es el que era, aunque conserva tamaño y fecha. Se arregla en cuanto otro secundario lo tenga; lo dañado queda en .trozos/retirados
gone-replaced = hay una versión más nueva; esta queda en .trozos/retirados
gone-resolved = alguien eligió otro contenido; este queda en .trozos/retirados
gone-damaged = el disco lo había alterado; queda en .trozos/retirados
retired-none = No hay nada apartado
retired-files = { $files ->
    [one] 1 fichero
   *[other] { $files } ficheros
}, { $size }
retired-total = En .trozos/retirados: { $what }. RECUPERAR <n> devuelve uno; VACIAR <n>, o VACIAR *, los borra para siempre
retired-deleted = se borró en otro secundario
retired-replaced = hay una versión más nueva
retired-resolved = se eligió otro contenido
retired-damaged = estaba alterado en el disco
retired-by-hand = no se sabe
retired-goes = { $file } ({ $size })
retired-more = … y { $files } más
retired-confirm = Se van a borrar para siempre { $what }. Escribe SÍ para hacerlo; con cualquier otra cosa se quedan
retired-gone = Borrado para siempre: { $what }
retired-no-such = No hay nada apartado con el número { $number }: RETIRADOS los muestra
retired-recovered = Recuperado: { $file }
not-served = No se sirve { $path }: { $why }
not-served-many = No se { $count ->
    [one] sirve un nombre más
   *[other] sirven { $count } nombres más
 }, entre ellos { $examples }: { $why }
copy-started = Copiando { $file } ({ $size }) de los secundarios { $sources }
copy-started-many = Copiando { $count } ficheros, { $size }
copy-notice = Copia de { $file }: { $what }
copied = Copiado y verificado { $file }
copied-many = { $count } ficheros copiados y verificados, { $size }
copied-in = Copiado y verificado { $file } en { $time } ({ $rate }): { $shares }
copied-from-disk = Copiado y verificado { $file }: { $share }
copied-own = { $size } de este disco
copied-share = { $size } del { $number }
copy-failed = La copia de { $file } no pudo terminar: { $why }
sending = Enviando { $file } { $to }
sending-many = Enviando { $count } ficheros { $to }
sent = Enviados { $size } de { $file } { $to }
sent-many = Enviados { $size } de { $count } ficheros { $to }
refused-for-good = El central no admite más a este secundario: { $why }
being-written-by = { $file } se ofrecerá cuando se cierre: { $program } (proceso { $process }) lo tiene abierto para escribir
being-written = { $file } se ofrecerá cuando se cierre: alguien lo tiene abierto para escribir
folder-gone = La carpeta ya no se puede leer ({ $why }): no se sirve nada de ella hasta que vuelva
disk-away = El disco de { $folder } no está montado: hasta que lo esté, no se sirve nada de ahí ni se reciben copias ahí; si no va a volver, arranca otra vez con --olvidar-discos
disk-back = El disco de { $folder } vuelve a estar
folder-read-only = En la carpeta no se puede escribir ({ $why }): se sirve, pero no recibe copias
folder-writable = En la carpeta se puede volver a escribir: recibe copias
folder-back = La carpeta vuelve a estar: se lee de nuevo
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
secondary-work = { $sending ->
    [one] 1 envío
   *[other] { $sending } envíos
} y { $copying ->
    [one] 1 copia
   *[other] { $copying } copias
} en curso, { $connections ->
    [one] 1 conexión
   *[other] { $connections } conexiones
}
secondary-sent = Enviados { $sent } desde que arrancó; ahora { $rate }; límite { $limit }
no-limit = ninguno
limit-set = Límite de subida: { $limit }

## Errores

start-port-in-use = el puerto { $port } está en uso ({ $address }): elige otro con --puerto, o 0 para uno libre
start-no-such-host = «{ $host }» no es ningún nombre ni dirección que esta máquina conozca: mira --ip y --ip-anunciada
start-not-local = { $ip } no es una dirección de esta máquina: usa en --ip una de ellas, o 0.0.0.0 para todas
start-port-denied = no está permitido escuchar en { $address }: elige con --puerto uno de 1024 o más
start-listen = no se puede escuchar en { $address }: { $why }
start-number-in-use = el número { $number } lo tiene otro secundario que está vivo: elige otro con --numero, o para al otro
start-number-in-use-by = el número { $number } lo tiene otro secundario que está vivo y escucha en { $address }: elige otro con --numero, o para al otro
start-refused = el central no admite a este secundario: { $why }
store-nowhere = { $path }: la carpeta de trabajo ya no existe: ve a otra (`cd`) o da rutas enteras
store-not-found = { $path }: no existe
store-denied = { $path }: permiso denegado; cambia sus permisos o elige otra carpeta
store-read-only = { $path }: está en un disco de solo lectura; elige otra carpeta
store-disk-away = { $path }: su disco no está montado; móntalo o, si no va a volver, arranca otra vez con --olvidar-discos
store-full = { $path }: no queda sitio en el disco, o no cabe entero; libera espacio y pídelo otra vez: lo verificado se conserva
store-not-folder = { $path }: no es una carpeta; elige otra
store-exists = { $path }: ya existe con otro contenido y no se toca; muévelo, o usa --sobrescribir
store-busy = { $path }: otro proceso está trabajando con él
store-changed = { $path }: cambió mientras se usaba
store-too-large = { $path }: demasiado grande para este disco
store-no-descriptor = { $path }: demasiados ficheros abiertos; sube el límite con «ulimit -n» y vuelve a arrancar
store-not-a-file = { $path }: hay algo que no es un fichero normal; apártalo
store-link = { $path }: es un enlace simbólico, o lo es su carpeta, y no se sigue; descarga donde está lo enlazado
store-other = { $path }: { $why }
statistics-since = Desde { $time }
statistics-downloads = descargas
statistics-copies = copias
statistics-copies-to = al secundario { $number }
statistics-from = del secundario { $number }
statistics-trouble = Trozos pedidos otra vez: { $retries }; a dos a la vez: { $hedges }; vueltas de secundarios: { $returns }
statistics-own = Tomado del propio disco de quien recibe: { $size }
statistics-faults = Fallos de secundarios: { $faults }
statistics-fault = { $why }: { $count }
statistics-refused = Conexiones rechazadas: { $codes }
statistics-all = Todas las cifras, como se guardarán al parar: ESTADISTICAS JSON
statistics-set-aside = Estadísticas: { $path } no se entiende ({ $why }) y queda guardado como { $to }; se empieza de cero
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
refused-not-ready = el sistema aún no está sincronizado: espera un poco
refused-not-found = no existe tal video en ningún secundario vivo
refused-protocol = el central habla otra versión del protocolo: instala la misma versión de trozos en todos los nodos
refused-bad-message = el central no entiende lo que se le dijo: mira que todos los nodos sean de la misma versión
refused-number-in-use = ese número lo tiene otro secundario vivo: da a cada uno el suyo con --numero, o para al otro
refused-number-in-use-by = ese número lo tiene otro secundario vivo, que escucha en { $address }: da a cada uno el suyo con --numero, o para al otro
refused-number-above = el central admite los números de 1 a { $most }: arráncalo con --secundarios { $number }, o usa otro número
refused-number-not-allowed = el número es mayor que los que admite el central: da el mismo --secundarios a todos los nodos
refused-no-such-content = el secundario ya no tiene ese contenido: se pide a otro
refused-file-changed = el fichero cambió mientras se usaba: espera a que se lea de nuevo
refused-read-failed = el otro nodo no pudo leer su disco: mira su registro
refused-stopping = el central se para, o este nodo abrió una conexión más nueva: se vuelve a conectar
refused-timed-out = el central no oyó nada de este nodo a tiempo: mira la red y la carga de las dos máquinas
refused-internal = el central tuvo un fallo suyo: mira su registro
refused-unknown = el central lo rechaza por algo que esta versión no conoce: «{ $words }»
limit-connections = el central ya tiene { $count } conexiones y no admite más: espera un poco
limit-share = otra conexión necesitaba el sitio de esta: espera un poco, o usa menos programas a la vez en esta máquina
limit-descriptors = el otro nodo no puede abrir nada más: sube su límite de ficheros abiertos (ulimit -n)
limit-downloads = este cliente ya tiene { $count } descargas pedidas: espera a que acabe alguna
limit-waiting = ya esperan { $count } descargas: espera a que haya menos
limit-files = este secundario tiene más de { $count } ficheros: reparte, o guarda los pequeños juntos en un archivo
limit-folders = más de { $count } de sus carpetas no admiten copias: mira que todos los nodos sean de la misma versión
limit-chunks = se pidieron más de { $count } trozos a la vez: mira que todos los nodos sean de la misma versión
limit-other = hay demasiadas peticiones: espera, o pide menos a la vez
refused-expelled = el administrador te ha expulsado: espera un minuto para volver
client-not-enrolled = no estás inscrito: escribe primero INSCRIBIR <nombre>
client-not-ready = el sistema aún no está sincronizado: espera a que haya secundarios y pídelo otra vez
client-not-found = no existe tal video: LISTA_VIDEOS muestra los que hay
client-unreachable = no se puede conectar con el central ({ $why }); se reintenta solo
client-running = ya se está descargando: es la descarga { $number }
client-stopped = el cliente se está parando
bad-name-component = un nombre no empieza ni acaba por «/», ni tiene dos seguidas
bad-name-dot = ni el nombre ni sus carpetas empiezan por punto
bad-name-character = «{ $character }» no puede estar en un nombre
bad-name-reserved = los nombres que acaban en .part son de descargas a medias
bad-name-too-long = es demasiado largo
bad-client-name = un nombre tiene de 1 a 64 bytes, sin «/», «\», «:» ni caracteres de control, y no empieza por punto
line-unknown = No conozco la orden «{ $word }». H muestra las que hay
line-unknown-near = No conozco la orden «{ $word }»: ¿querías decir { $near }? H muestra las que hay
line-missing = Falta el valor: { $usage }
line-value = «{ $value }» no vale: { $why }
why-download = no es el número ni el nombre de una descarga: ESTADO las muestra
why-priority = las prioridades son alta, normal y baja
why-secondary = no es el número de un secundario
why-off = solo puede seguir NO, que lo deshace
why-json = solo puede seguir JSON
why-retired = el número de un fichero apartado, como lo muestra RETIRADOS
why-choice = es el número de una fila de CONFLICTOS
why-rate = no es una tasa: escribe bytes por segundo, como 500kB/s, 20MB/s o 1GiB/s
why-size = no es un tamaño: escribe bytes, como 500kB, 20MB o 1GiB
why-time = no es un tiempo: escribe segundos, o 30s, 2m o 1h
why-quiet = 24 horas como mucho
why-limit = escribe una tasa como 20MB/s, o NO para quitar el límite

## Seguridad

open-cluster = AVISO: sin clave, el grupo está abierto: cualquiera en la red puede listar y descargar, y cualquier servidor puede sumarse. Remedio: --clave-archivo
open-cluster-tls = AVISO: sin clave, el grupo está abierto a quien tenga un certificado, o a cualquiera si no se da --tls-ca. Remedio: --clave-archivo
no-tls = Con clave y sin TLS: solo entra quien la conoce, pero el contenido se puede leer en la red, y quien esté en medio puede cambiar lo que se dice después del saludo. Remedio: --tls-cert, --tls-clave y --tls-ca
security-unreadable = { $path }: no se puede leer: { $why }
security-exposed = { $path }: otros lo pueden leer (permisos { $mode }). Remedio: chmod 600 { $path }
security-empty = la clave está vacía: da una de al menos 16 bytes, o quita la variable o la opción
security-utf16 = la clave es UTF-16: guárdala otra vez como UTF-8 en tu editor
security-short = la clave tiene { $bytes } bytes y hacen falta al menos 16. Una buena: head -c 32 /dev/urandom | base64 > clave
security-long = la clave tiene más de 4096 bytes: ¿es otro fichero?
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
pem-damaged = está estropeado
pem-keys-differ = la clave es de otro certificado
tls-not-tls = el otro lado no habla TLS
tls-theirs = su certificado no vale: { $why }
tls-ours = no acepta el certificado de este nodo: { $why }
tls-gave-up = el otro lado lo dejó, con el aviso { $alert } de TLS
certificate-none-shown = no se mostró ninguno
certificate-expired = ha caducado
certificate-not-yet = aún no es válido: mira los relojes
certificate-unknown-issuer = lo firma otra autoridad
certificate-wrong-name = no lleva ese nombre o dirección
certificate-wrong-purpose = es para otro uso
certificate-bad-signature = la firma no es de esa autoridad
certificate-revoked = su autoridad lo ha retirado
certificate-malformed = está estropeado
certificate-refused = no dice por qué
made-new = Hecho en { $folder }: una autoridad nueva (ca.pem)
made-signed = Hecho en { $folder }, firmado por la autoridad que ya había
made-server = Al servidor { $stem } copia clave, ca.pem, { $stem }.pem y { $stem }-clave.pem; arráncalo con:
made-client = A cada cliente copia clave, ca.pem, cliente.pem y cliente-clave.pem; arráncalo con:
made-names = CENTRAL y las direcciones de los secundarios tienen que estar entre los nombres de sus certificados.
made-keep = ca-clave.pem no se copia a ningún sitio: quien la tenga puede hacer certificados. Todo caduca a los 10 años.
certificate-exists = { $path }: ya existe y no se toca; bórralo si quieres hacerlo de nuevo, o da otra carpeta
certificate-io = { $path }: { $why }
certificate-name = «{ $name }» no es un nombre de máquina ni una dirección: escribe --nodo 10.0.0.2, o --nodo central.lan,10.0.0.2
certificate-authority = { $path }: la autoridad que hay no sirve ({ $why }): da otra carpeta, o recupera ca.pem y ca-clave.pem
authority-missing = falta este fichero
authority-key = no es una clave privada
authority-no-pair = el certificado y la clave no son de la misma autoridad, o no los hizo este programa
certificate-crypto = no se pudieron hacer los certificados: «{ $words }»
denied-secret-required = el central pide una clave: da la misma que él con --clave-archivo, o en TROZOS_CLAVE
denied-no-secret-there = el central no usa clave, y este nodo sí: puede no ser el vuestro. Remedio: arranca el central con --clave-archivo, o este nodo sin ella
denied-wrong-secret = la clave no es la del central: compara los ficheros de --clave-archivo
denied-tls-required = el central habla solo TLS: da --tls-ca, y --tls-cert con --tls-clave si pide certificado
denied-not-tls = el central no habla TLS: arráncalo con --tls-cert y --tls-clave, o este nodo sin --tls-ca
denied-theirs = el certificado del central no vale ({ $why }): mira que lo firme la autoridad de --tls-ca, que lleve el nombre o la dirección con que te conectas y que no haya caducado
denied-ours = el central no acepta el certificado de este nodo ({ $why }): da --tls-cert y --tls-clave, firmados por la autoridad del grupo y sin caducar
denied-tls-other = no hay TLS con el central: { $why }
you-are-expelled = El administrador te ha expulsado: tus descargas terminan; podrás volver dentro de un minuto

## videolocal

local-level = Sincronizado: { $secondaries } con lo mismo, { $files }
local-waiting = Esperando: { $alive }
local-waiting-copies = Esperando: { $alive }; faltan { $copies }
local-not-level = los secundarios no se sincronizan: mira { $folder }
local-no-ports = --puerto-secundarios: no hay tantos puertos
local-cannot-make = { $path }: no se puede crear
local-cannot-write = { $path }: no se puede escribir
local-cannot-start = no se puede arrancar el proceso
local-does-not-start = { $who } no arranca: { $why }
local-does-not-start-status = { $who } no arranca ({ $status }): { $why }
local-exit-code = código { $code }
local-exit-signal = señal { $signal }
local-no-such-node = no hay tal nodo: escribe de 1 a { $most }, o C para el central
local-not-running = no corre: LEVANTAR lo arranca
local-no-longer-running = ya no corre: LEVANTAR lo arranca
local-running = ya corre (proceso { $process })
local-no-process = proceso sin número
local-central = central
local-secondary = secundario { $number }
local-the = El { $who }: { $why }
local-dead = muerto
local-frozen = congelado
local-alive = vivo
local-killed = Muerto el { $who } (proceso { $process })
local-froze = Congelado el { $who } (proceso { $process })
local-thawed = Descongelado el { $who } (proceso { $process })
local-raised = Levantado el { $who } (proceso { $process }, puerto { $port })
why-node = escribe el número de un secundario, o C para el central
demo-well = Demostración terminada: todos los bytes son correctos
demo-nothing = no hay ningún fichero que descargar
demo-too-fast = la descarga acabó antes de la última caída: prueba con --limite-subida más bajo
demo-not-downloaded = la descarga acabó sin descargar
demo-endless = la descarga no acaba
demo-kill = *** SIGKILL al secundario { $number } (proceso { $process })
demo-raise = *** Se levanta el secundario { $number } (proceso { $process }, puerto { $port })
demo-nowhere = { $name }: no está en ningún secundario
demo-differs = { $name }: los bytes no son los mismos
demo-compared = Comprobado con SHA-256, fichero a fichero, contra el disco de los secundarios:
demo-sent = Lo que envió cada secundario de { $file }:
demo-cost = Coste de las caídas: { $chunks } pedidos otra vez, { $wasted } de más ({ $share } del fichero), { $without } sin un secundario; en total { $time }
demo-folder = Todo está en { $folder } y se borra al acabar; con --directorio CARPETA se queda
demo-making = Creando { $path } ({ $size })

## Órdenes: qué hacen, cómo se escriben, un ejemplo

help-more = AYUDA <orden> muestra un ejemplo; las órdenes valen también en inglés
help-example = Ejemplo: { $example }
help-names = Nombres: { $names }
command-help = muestra esta ayuda, o la de una orden
    .usage = AYUDA [orden]
    .example = AYUDA VIDEO
command-quit = para el programa y guarda sus estadísticas (también Ctrl-D)
    .usage = SALIR
    .example = SALIR
command-enrol = da o cambia tu nombre; hace falta antes de la primera descarga
    .usage = INSCRIBIR <nombre>
    .example = INSCRIBIR ana
command-name = muestra tu nombre, o lo cambia
    .usage = NOMBRE [nombre]
    .example = NOMBRE ana
command-list = los videos que se pueden descargar
    .usage = LISTA_VIDEOS
    .example = LISTA_VIDEOS
command-search = los videos en cuyo nombre está un texto, o que casan con un patrón
    .usage = BUSCAR <texto>
    .example = BUSCAR temporada 2
command-download = descarga uno o varios, en segundo plano; valen * y ?
    .usage = VIDEO <nombre>…
    .example = VIDEO pelicula.mp4 "serie/capítulo *"
command-client-status = tus descargas y el estado del sistema
    .usage = ESTADO
    .example = ESTADO
command-detail = una descarga trozo a trozo: qué secundario trajo cada uno
    .usage = DETALLE <número|nombre>
    .example = DETALLE 1
command-pause = para una descarga; lo verificado se conserva
    .usage = PAUSAR <número|nombre>
    .example = PAUSAR 1
command-resume = sigue una descarga en pausa
    .usage = REANUDAR <número|nombre>
    .example = REANUDAR 1
command-cancel = deja una descarga; lo verificado se conserva
    .usage = CANCELAR <número|nombre>
    .example = CANCELAR 1
command-priority = las de más prioridad van primero; las demás esperan
    .usage = PRIORIDAD <número|nombre> <alta|normal|baja>
    .example = PRIORIDAD 2 alta
command-verify = compara un fichero descargado con el del grupo y pide otra vez solo los trozos malos
    .usage = VERIFICAR <nombre>
    .example = VERIFICAR pelicula.mp4
command-per-file = descargas completas de cada video
    .usage = NUMERO_DESCARGAS_VIDEO
    .example = NUMERO_DESCARGAS_VIDEO
command-per-client = descargas completas de cada cliente
    .usage = VIDEOS_CLIENTE
    .example = VIDEOS_CLIENTE
command-central-status = el estado del sistema
    .usage = ESTADO
    .example = ESTADO
command-secondaries = los secundarios: estado, plazo, dirección, ficheros, lo enviado
    .usage = SECUNDARIOS
    .example = SECUNDARIOS
command-clients = los clientes conectados
    .usage = CLIENTES
    .example = CLIENTES
command-queue = quién espera, en orden
    .usage = COLA
    .example = COLA
command-expel = echa a un cliente; puede volver pasado un minuto
    .usage = EXPULSAR <cliente>
    .example = EXPULSAR ana
command-drain = un secundario acaba lo que envía y no recibe nada nuevo, para poder pararlo; con NO se deshace
    .usage = DRENAR <n> [NO]
    .example = DRENAR 2
command-conflicts = los nombres con varios contenidos: tamaño, fecha, contenido y quién lo tiene; con JSON, todo
    .usage = CONFLICTOS [JSON]
    .example = CONFLICTOS
command-resolve = decide qué contenido de un nombre en conflicto vale; los otros se retiran
    .usage = RESOLVER <nombre> <n>
    .example = RESOLVER plan.txt 2
command-statistics = las cifras principales; con JSON, todas
    .usage = ESTADISTICAS [JSON]
    .example = ESTADISTICAS
command-transfers = transferencias en curso, copias incluidas
    .usage = VIDEOS_DESCARGANDO
    .example = VIDEOS_DESCARGANDO
command-taken-part = descargas completas de cada video en las que tomó parte
    .usage = VIDEOS_DESCARGADOS
    .example = VIDEOS_DESCARGADOS
command-secondary-status = qué sirve, qué envía y a qué ritmo
    .usage = ESTADO
    .example = ESTADO
command-reindex = lee la carpeta entera otra vez, sin fiarse de lo que sabía
    .usage = REINDEXAR
    .example = REINDEXAR
command-retired = lo que se ha apartado de la carpeta y aún se guarda; con JSON, para programas
    .usage = RETIRADOS [JSON]
    .example = RETIRADOS
command-recover = devuelve a la carpeta un fichero apartado, con su nombre o, si ya es de otro, con uno nuevo
    .usage = RECUPERAR <n>
    .example = RECUPERAR 3
command-empty = borra para siempre un fichero apartado, o todos con *; antes dice qué se va y pide un SÍ
    .usage = VACIAR [n|*]
    .example = VACIAR *
command-limit = lo que envía como mucho por segundo, desde ahora; NO lo quita
    .usage = LIMITE <tasa|NO>
    .example = LIMITE 20MB/s
command-kill = mata el secundario n (SIGKILL); con C, el central
    .usage = MATAR <n>
    .example = MATAR 2
command-freeze = lo para sin que lo sepa (SIGSTOP)
    .usage = CONGELAR <n>
    .example = CONGELAR 2
command-thaw = lo deja seguir (SIGCONT)
    .usage = DESCONGELAR <n>
    .example = DESCONGELAR 2
command-raise = lo arranca otra vez, en el mismo puerto
    .usage = LEVANTAR <n>
    .example = LEVANTAR 2
command-nodes = los procesos, con su puerto y su carpeta
    .usage = NODOS
    .example = NODOS

## Líneas de órdenes

about-videocentral = El central: sabe qué ficheros hay y quién los tiene, y reparte las descargas.
about-videocentral-certificados = Hace una autoridad privada, un certificado por servidor, otro para los clientes y una clave
about-videosecundario = Un secundario: guarda copias verificadas de los ficheros y las envía.
about-videocliente = Un cliente: descarga ficheros de todos los secundarios a la vez.
about-videocliente-listar = Los ficheros que se pueden descargar
about-videocliente-descargar = Descarga ficheros y espera a que acaben
about-videocliente-verificar = Compara ficheros descargados con los del grupo y pide otra vez solo los trozos malos
about-videocliente-estado = El estado del grupo
about-videolocal = Un central y sus secundarios en esta máquina, como procesos de verdad, con la consola de un cliente.
heading-usage = Uso
heading-options = Opciones
heading-arguments = Argumentos
heading-commands = Órdenes
heading-general = General
heading-security = Seguridad
heading-downloads = Descargas
heading-output = Salida
manual-title = Manual de trozos
manual-name = NOMBRE
manual-synopsis = SINOPSIS
manual-description = DESCRIPCIÓN
manual-notes = NOTAS
manual-version = VERSIÓN
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
flag-default = por defecto: { $value }
flag-help = Muestra esta ayuda
flag-version = Muestra la versión
flag-estadisticas = Carpeta de las estadísticas
flag-registro = Nivel del registro: error, warn, info, debug, trace, o un filtro de tracing
flag-registro-formato = Forma del registro: texto, o json para programas, un objeto por línea; las horas, en UTC
flag-registro-archivo = Fichero del registro, en vez de stderr; un servicio lo abre de nuevo con SIGHUP
flag-videolocal-registro-archivo = Fichero del registro, en vez de stderr; los procesos tienen otros al lado: con a.log, a-central.log, a-secundario1.log…
flag-idioma = Idioma: es o en. Si no se dice, el de LC_ALL, LC_MESSAGES o LANG
flag-config = Fichero de configuración; si no se dice, ~/.config/trozos/trozos.toml o /etc/trozos/trozos.toml
flag-mostrar-config = Muestra cada valor y de dónde viene, y acaba
flag-clave-archivo = Fichero con la clave del grupo, la misma en todos los nodos; o bien en la variable TROZOS_CLAVE
flag-tls-cert = Certificado de este nodo, en PEM
flag-tls-clave = Clave privada de ese certificado, en PEM
flag-tls-ca = Autoridad que firma los certificados del grupo: se exige uno suyo a los demás
flag-ip = Nombre o dirección en que escuchar, con su puerto o sin él
flag-puerto = Puerto en el que escucha; 0 para uno libre
flag-videosecundario-puerto = Puerto en el que escucha; 0 para uno libre [por defecto: 50000 + número]
flag-videolocal-puerto = Puerto del central; 0 para uno libre
flag-secundarios = Cuántos secundarios hay: el mayor número permitido, de 1 a 64
flag-videocentral-secundarios = Cuántos secundarios deben inscribirse antes de que empiece el servicio, de 1 a 64
flag-max-clientes = Descargas a la vez, de 1 a 10000; las demás esperan en una lista
flag-sin-consola = Sin órdenes: corre como servicio hasta una señal
flag-carpeta = Carpeta en la que se guarda todo; lo que ya haya en ella no se toca
flag-nodos = Nombre o dirección de un servidor, o varios con comas; una vez por servidor [por defecto: los de esta máquina]
flag-numero = Su número: de 1 a 3, o más con --secundarios
flag-ip-anunciada = Nombre o dirección que se da a los demás, con puerto o sin él [por defecto: donde escucha o, si no, la que usa para llegar al central]
flag-ip-central = Nombre o dirección del central, con su puerto o sin él
flag-puerto-central = Puerto del central
flag-directorio = Carpeta que sirve [por defecto: data/videosN]
flag-videolocal-directorio = Carpeta en la que están videos1, videos2…
flag-limite-subida = Lo que envía como mucho por segundo: 500kB/s, 20MB/s, 1GiB/s
flag-reposo = Cuánto tiempo lleva un fichero sin cambiar cuando se ofrece: 4s, 500ms, 1m; el que está abierto para escribir espera a que se cierre
flag-olvidar-discos = Sigue sin los discos que tenía la carpeta y ya no van a volver: lo que hay ahora es todo
flag-videolocal-limite-subida = Lo que envía cada secundario como mucho por segundo: 500kB/s, 20MB/s, 1GiB/s
flag-retirados-max = Lo que se guarda como mucho de lo apartado en .trozos/retirados; lo más viejo se va antes [por defecto: la décima parte del disco, y 50 GB como mucho]
flag-retirados-dias = Cuántos días se guarda lo apartado
flag-nombre = Se inscribe con este nombre al empezar
flag-destino = Carpeta de las descargas; «-» con descargar escribe en la salida estándar
flag-espera-fuentes = Lo que una descarga espera cuando no queda ningún secundario
flag-sobrescribir = Reemplaza un fichero que ya exista con otro contenido
flag-patrones = Solo los nombres que casan; valen * y ?
flag-nombres = Ficheros, o patrones con * y ?
flag-salida = Escribe el fichero ahí; «-» es la salida estándar, en orden y trozo a trozo verificado, e igual una tubería o un dispositivo; en una carpeta, con su nombre
flag-json = El resultado, como un documento JSON en la salida estándar
flag-progreso = Cómo se cuenta el progreso: texto (en la salida de errores), json (líneas en la salida estándar, la última el resultado) o no
flag-silencioso = Solo los errores
flag-detallado = Todo lo que pasa, en la salida de errores
flag-demo = Sin preguntas: crea muestras, descarga, mata secundarios a la mitad y comprueba cada byte
flag-puerto-secundarios = Puerto del secundario 1; los demás, los siguientes. 0 para puertos libres
usage-more = Prueba «{ $program } --help»
usage-no-value = falta el valor de { $flag }
usage-invalid-value = «{ $value }» no vale para { $flag }: puede ser { $valid }
usage-invalid-value-near = «{ $value }» no vale para { $flag }: ¿querías decir { $near }? Puede ser { $valid }
usage-bad-value = «{ $value }» no vale para { $flag }: { $help }
usage-bad-value-alone = «{ $value }» no vale para { $flag }
usage-unwanted-value = { $flag } no lleva valor, y tiene «{ $value }»
usage-value = { $flag }: { $why }
usage-unknown = no conozco la opción { $flag }
usage-unknown-near = no conozco la opción { $flag }: ¿querías decir { $near }?
usage-command-unknown = no conozco la orden «{ $word }»: puede ser { $valid }
usage-command-near = no conozco la orden «{ $word }»: ¿querías decir { $near }?
usage-command-missing = falta la orden: puede ser { $valid }
usage-command-alone = la orden «{ $word }» va sola: las opciones, detrás de ella
usage-too-much = «{ $word }» sobra
usage-twice = { $flag } se da dos veces
usage-twice-values = { $flag } se da dos veces, con valores distintos: { $values }; deja uno
usage-two-ports = { $address } «{ $place }» y { $flag } { $port } dicen dos puertos: deja uno
usage-missing = falta { $flags }
usage-conflict = { $flag } no va con { $other }
usage-utf8 = hay un valor que no es UTF-8
usage-number = el número { $number } no vale: --numero va de 1 a { $highest }
usage-number-more = el número { $number } no vale: --numero va de 1 a { $highest }; para usarlo, da --secundarios { $number } aquí y en el central
usage-one-file = --salida vale para un solo fichero, y hay { $count }
usage-empty-output = --salida está vacía; di dónde, o quítala
why-empty = está vacío: quítalo o da un valor
why-home-of-other = la carpeta personal de otro no se busca: escribe la ruta entera, o ./{ $path } si el nombre empieza así
why-no-home = HOME no dice dónde está la carpeta personal: escribe la ruta entera
why-switch = escribe sí o no
why-not-url = no es una URL: escribe un nombre o una dirección, con puerto o sin él, como h:50000
why-brackets = una dirección IPv6 con puerto va entre corchetes: [::1]:50000
why-port = el puerto tras los dos puntos es un número de 1 a 65535
why-host = escribe un nombre o una dirección, como central.lan, 10.0.0.2 o ::1, con puerto o sin él
why-language = los idiomas son es y en
why-log-level = usa error, warn, info, debug o trace, o un filtro de tracing
settings-unreadable = { $path }: no se puede leer la configuración: { $why }
settings-wrong = { $path }: { $why }
settings-syntax = línea { $line }, columna { $column }: no es TOML: «{ $text }»
settings-unknown = no conozco la clave «{ $key }»: puede ser { $known }
settings-unknown-near = no conozco la clave «{ $key }»: ¿querías decir { $near }?
settings-utf8 = { $path }: la configuración no es UTF-8: guárdala otra vez como UTF-8 en tu editor
settings-twice = la clave «{ $key }» se da dos veces: deja una
settings-twice-at = línea { $line }: la clave se da dos veces: «{ $text }»; deja una
settings-kind = la clave «{ $key }» lleva un texto, un número o true/false
settings-file = Fichero de configuración: { $path }
settings-none = Sin fichero de configuración (se busca en { $usual })
origin-flag = línea de órdenes
origin-variable = variable { $name }
origin-file = { $path }
origin-default = por defecto
origin-none = sin dar

## Órdenes para guiones

script-unreachable = no se puede conectar con el central ({ $why })
script-stdout = no se puede escribir en la salida estándar: { $why }

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
lost-unknown-host = no se encuentra ninguna máquina «{ $host }»: mira --ip-central
lost-no-interface = { $host }: esta máquina no tiene ninguna interfaz de red «{ $zone }»; `ip -br link` muestra las que hay
lost-no-answer = { $address }: no contesta
lost-unreachable = { $address }: { $why }
lost-no-hello = { $place }: no saluda: ¿es un central?
lost-closed = se cerró la conexión
lost-cut = se cortó a la mitad
lost-closed-early = { $place }: cierra sin saludar: ¿es un central?
lost-secondary-there = { $place }: es el secundario { $number } y no un central: mira --puerto-central
lost-stranger = { $place }: lo que contesta no es un central: mira --ip-central y --puerto-central
lost-not-a-message = el central envió algo que no es un mensaje: mira que todos los nodos sean de la misma versión
lost-line-too-long = el central envió una línea demasiado larga: mira que todos los nodos sean de la misma versión
lost-silent = no da señales de vida
lost-stops = el central se para
lost-outdated = { $place }: otro central ha tomado el relevo de este, o este perdió lo que tenía guardado: se espera al otro
lost-stopped = este programa se para

# Orders from other programs of this machine.
order-nobody = no hay ningún { $program } en marcha en esta máquina que reciba órdenes de este usuario; --socket RUTA dice dónde escucha otro
order-nobody-there = no hay ningún { $program } en marcha en el puerto { $port } de esta máquina que reciba órdenes de este usuario
order-several = hay varios { $program } en marcha: elige uno con --puerto o --socket ({ $sockets })
order-not-running = no hay ningún { $program } en marcha que escuche en { $socket }
order-denied = solo el usuario de ese programa y root pueden darle órdenes: { $socket }
order-cut = { $program } ha cerrado la conexión sin contestar
order-failed = { $socket }: { $why }
order-version = el { $program } en marcha es de otra versión: reinícialo
order-stopping = { $program } se está parando
order-not-here = «{ $line }» solo sirve en la consola
order-reindexing = Se vuelve a leer toda la carpeta, sin dejar de servirla
orders-not-taken = No se reciben órdenes de otros programas: { $why }
orders-in-use = otro programa escucha ya en { $path }; --socket RUTA elige otro sitio
orders-open-folder = en { $path } pueden escribir otros usuarios; --socket RUTA elige otro sitio
flag-socket = Socket en el que recibe órdenes de otros programas de esta máquina; no para ninguno [por defecto: el suyo, en la carpeta de ejecución de su usuario]
flag-si = No pregunta antes de borrar
order-words = Lo que sigue a la orden: { $values }
value-valor = VALOR
flag-order-socket = Socket del servidor [por defecto: el del único que haya en marcha]
flag-order-puerto = Puerto en el que escucha el servidor que se quiere
flag-order-numero = Número del secundario que se quiere
heading-order = Opciones
