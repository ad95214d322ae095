## What all programs have

hint-help = Type H to see the commands
line-too-long = Line too long
stopping = Stopping: saving the statistics
stopping-processes = Stopping the processes
error = error: { $why }
warning = warning: { $why }
warning-statistics-not-saved = warning: the statistics were not saved: { $why }
error-statistics-not-saved = error: the statistics were not saved: { $why }
error-no-orderly-stop = error: could not stop in order
program-failed = a part of the program failed
no-threads = the system gives no more threads: the limit of processes is reached (ulimit -u, TasksMax)
interrupted = interrupted
listening = Listening on { $address }
folder-served = Folder { $folder }

## Numbers, lists and units

decimal-mark = .
group-mark = ,
# Numbers of so many digits are grouped.
group-from = 4
list-none = none
list-last = { $others } and { $last }
percent = { $value }%
chunks = { $count ->
    [one] 1 chunk
   *[other] { $count } chunks
}
files = { $count ->
    [one] 1 file
   *[other] { $count } files
}
secondaries = { $count ->
    [one] 1 secondary
   *[other] { $count } secondaries
}
secondaries-alive = { $count ->
    [one] 1 secondary alive
   *[other] { $count } secondaries alive
}
copies = { $count ->
    [one] 1 copy
   *[other] { $count } copies
}
downloads = { $count ->
    [one] 1 download
   *[other] { $count } downloads
}
clients = { $count ->
    [one] 1 client
   *[other] { $count } clients
}

## Heads of tables

column-file = file
column-client = client
column-downloads = downloads
column-complete = done
column-failed = failed
column-cancelled = dropped
column-mean = mean
column-size = size
column-secondaries = secondaries
column-secondary = secondary
column-number = no.
column-state = state
column-address = address
column-files = files
column-missing = missing
column-conflicts = conflicts
column-modified = modified
column-content = content
column-offered = offered
column-what = what
column-progress = so far
column-chunks = chunks
column-bytes = bytes
column-wasted = wasted
column-reassigned = reassigned
column-returns = returns
column-node = node
column-process = process
column-port = port
column-folder = folder
column-place = place
column-when = set aside
column-why = why
column-waited = waiting for
column-lease = lease
column-sends = sends
column-sent = sent
column-rate = now
column-left = left
column-running = running
column-waiting = waiting
column-connected = connected for
column-value = value
column-flag = option
column-origin = comes from

## A client

enrolled-as = Enrolled as { $name }
name-but = Your name is { $name }, but { $why }
central-connected = Connected to the central { $central }
central-away = Cannot connect to the central ({ $reason }): retrying automatically
your-name = Your name is { $name }
no-name = You have no name yet: ENROL <name>
central-lost = No connection to the central ({ $reason }): running downloads go on, and it is tried again by itself
central-lost-idle = No connection to the central ({ $reason }): retrying automatically
central-denied = No connection to the central: { $why }
central-back = Connected to the central again
service-is-here = Service has begun: { $secondaries }, { $files }
download-head = [{ $number }] { $file }
download-queued = waiting, place { $place } in line
download-started = starting, { $size } from { $secondaries }
download-started-empty = starting
download-resumed = { $size } were there already, verified; it goes on from there
download-own = { $size } taken from this disk, verified; they need not be sent
download-started-over = what was there of it is of no use (other content, or no journal): it starts from nothing
download-damaged = { $count ->
    [one] 1 chunk from before is damaged and is asked for again
   *[other] { $count } chunks from before are damaged and are asked for again
}
download-set-aside = what was there is of other content: it is kept as { $to }, and it starts from nothing
download-no-locks = files cannot be locked on this disk; let no other program download the same to the same folder
download-complete = complete and verified, { $amount }
download-complete-at = complete and verified, { $amount } → { $path }
amount-in = { $size } in { $time }
amount-part = { $part } of { $size }
amount-nothing = empty
download-digest = SHA-256 { $digest }
download-rate = { $rate } on average
download-spared-own = { $size } taken from this disk
download-spared-zeros = { $size } of zeros, which are not sent
download-cost = { $wasted } received beyond the file: duplicates to finish sooner, or unfinished chunks
download-already = was complete and verified already, in { $path }
download-failed = failed: { $why }
download-cancelled = cancelled; verified data is kept for another time
downloads-cancelled = { $count ->
    [one] 1 download cancelled; verified data is kept for another time
   *[other] { $count } downloads cancelled; verified data is kept for another time
}
download-paused = paused; verified data is kept. RESUME { $number } continues it
download-held = waits for the end of a download of higher priority
download-superseded = has a new version, and nobody has the old one any more: downloading the new one
download-checked = { $bad ->
    [0] checked chunk by chunk: it is right
    [one] checked chunk by chunk: 1 of { $chunks } is wrong and is asked for again
   *[other] checked chunk by chunk: { $bad } of { $chunks } are wrong and are asked for again
}
answer-found = Found: it is download { $number }
answer-waits = Found: it is download { $number }; it waits at place { $place } in line
downloads-asked = { $count ->
    [one] 1 file requested
   *[other] { $count } files requested
}
downloads-wait = { $count ->
    [one] { $asked }; 1 waiting
   *[other] { $asked }; { $count } waiting
}
no-files = There are no files
no-match = No file matches “{ $pattern }”
no-such-file-near = there is no “{ $name }”: did you mean { $near }?
holders = { $holders } of { $secondaries }
holders-conflict = { $holders } of { $secondaries }, in conflict
no-downloads = You have not asked for any download
state-asked = asked for
state-queued = waiting, place { $place }
state-no-sources = { $percent }, no sources
state-complete = complete
state-failed = failed
state-cancelled = cancelled
state-paused = paused
state-held = waits for one of higher priority
cancelling = Cancelling download { $number }
pausing = Pausing download { $number }
priority-set = Download { $number }: priority { $priority }
priority-low = low
priority-normal = normal
priority-high = high
no-download = There is no running download { $which }
no-download-to-resume = There is no paused download { $which }
no-local-file = { $name }: not in the folder of downloads; GET { $name } downloads it

## How far a download is

map-missing = missing
map-in-flight = asked for
map-earlier = from before
map-legend = each square: { $chunks }
live-total = in total
live-more-waiting = { $count } more waiting
live-more-running = { $count } more running
live-more = { $running } more running and { $waiting } waiting
live-files = { $complete } of { $files } files
live-sources = { $count ->
    [one] { $shown } source
   *[other] { $shown } sources
}
live-no-sources = no sources: waiting for one to come back
map-secondary = secondary { $number }

## What happens between a receiver and its secondaries

fault-unreachable = cannot be connected to
fault-broken = the connection broke
fault-stalled = sends nothing
fault-digest = sent wrong bytes
fault-refused = says that it cannot send it
fault-protocol = does not speak the protocol
notice-suspect = Secondary { $source } is not responding
notice-cleared = Secondary { $source } sends again
notice-dead = Secondary { $source } is down ({ $why })
notice-dead-chunks = Secondary { $source } is down ({ $why }): { $chunks }
chunks-go-on = { $count ->
    [one] 1 chunk of { $from } goes to the others
   *[other] { $count } chunks of { $from } go to the others
}
notice-back = Secondary { $source } is back
notice-back-after = Secondary { $source } is back after { $after }
notice-back-chunks = { $count ->
    [one] ; it takes 1 chunk again
   *[other] ; it takes { $count } chunks again
}
notice-banned = Secondary { $source } sent wrong bytes of { $files }: it is not asked again; the central knows
notice-no-sources = { $count ->
    [one] No secondary is left: { $files } waits up to { $time } for one to come back
   *[other] No secondary is left: { $files } wait up to { $time } for one to come back
}
notice-sources-again = { $count ->
    [one] Secondaries are back: { $files } continues
   *[other] Secondaries are back: { $files } continue
}
failure-no-sources = no secondary could send it for { $waited }; verified data is kept: request it again when there are secondaries
failure-wrong-manifest = secondaries { $one } and { $other } sent chunk { $chunk } with other content than announced: the manifest is not right
failure-local = this side's disk failed; the log says how
failure-broken = a part of this program failed; the log says more

## A central

offered-many = { $files } more files are offered
no-longer-offered-many = { $files } files are no longer offered
left-out = { $lines } more lines about clients at { $address } are not shown: they come too fast
left-out-anybody = { $lines } more lines about clients are not shown: they come too fast
bad-peer = Connection from { $address } refused: { $reason }
peer-says-nothing = it said nothing within { $seconds } s
peer-silent = it showed no more sign of life
peer-idle = it asked for nothing within { $seconds } s
peer-takes-too-little = it took less than { $size } in { $seconds } s
peer-tls = TLS failed ({ $why })
peer-needs-tls = it does not speak TLS, and this port speaks nothing else
peer-has-no-tls = it speaks TLS, and this port does not
peer-needs-secret = it shows no secret, and the cluster is closed
peer-old-in-closed = it uses the protocol of 2017, which is of no use in a closed cluster
peer-wrong-secret = its secret is another
peer-other-protocol = it speaks version { $theirs } of the protocol, and this program version { $ours }
peer-line-too-long = it sent a line of over { $size }
peer-not-a-message = it sent something that is no message of this protocol
peer-unexpected = it sent a message that was not expected
peer-number-too-high = it is secondary { $number }, and 1 to { $most } will do here; to take it, start the central with --secundarios { $number }
peer-nameless = it did not say its name
peer-no-place = there are { $count } connections already, and there is room for no more
peer-gave-way = it did nothing, or was of whoever has most connections: it gave way to another
peer-no-descriptor = this program can open no more files or connections: raise its limit (ulimit -n)
peer-too-many-chunks = it asked twice for chunk { $chunk }, or for more than { $count } at once
peer-no-such-chunks = it asked for chunk { $chunk } and over { $count } that the file does not have
peer-not-held = it asked for { $file }, which is not here
peer-others-transfer = transfer { $transfer } is another receiver's or another file's
peer-expelled = the administrator has expelled it
peer-part-too-large = part { $part } has { $size }, and its protocol takes up to { $most }
peer-gone = it left in the middle ({ $why })
peer-internal = a failure of this program ({ $why })
no-randomness = the system gives no random numbers
other-protocol = the central speaks version { $theirs } of the protocol and this program version { $ours }: install the same version of trozos on all nodes
secondary-up = Secondary { $number } enrolled: it listens on { $address }
secondary-returned = Secondary { $number } is back: it listens on { $address }
secondary-goodbye = Secondary { $number } has said goodbye
secondary-closed = Secondary { $number } is down: the connection broke
secondary-silent = Secondary { $number } is down: no sign of life
secondary-drained = Secondary { $number }: it sends nothing any more; it can be stopped
service-began = Service begins: the secondaries are here
secondary-takes-no-copies = Secondary { $number } takes no copies: its folder may only be read
secondary-takes-copies = Secondary { $number } takes copies again, everywhere
secondary-all-away = The disk of secondary { $number } is not there: it takes no copies until it is back
secondary-folders-away = A disk of secondary { $number } is not there: no copies are taken below { $folders } until it is back
level = Level: all live secondaries have the same, { $files }
no-secondaries = No secondary is left: downloads wait for one to come back
offered = Offered: { $file } ({ $size })
offered-some = { $count } more files are offered, { $size }
no-longer-offered-deleted = No longer offered: { $file }: it was deleted at secondary { $number }, and the others set it aside
no-longer-offered = No longer offered: { $file }
conflict = Conflict: secondary { $number } has other content in { $file }; it is neither copied nor touched until you decide (CONFLICTOS)
same-text = Conflict: there are two files spelt { $file }, one with its accents as characters of their own (as a Mac stores them); both are offered until you decide (CONFLICTOS)
replaced = New version of { $file } ({ $size }) at secondary { $number }: the others copy it
resolved = Decided: { $file } is the chosen content from now on; other copies are set aside
copy-ordered = Secondary { $target } copies { $file } from { $sources }
copy-ordered-many = Secondary { $target } copies { $count } files
copy-ended = Copy of { $file } at secondary { $target }: { $outcome }
copied-to-many = { $count } files copied to secondary { $target }, { $size }
client-enrolled = Client { $client } enrolled from { $address }
client-gone = Client { $client } has gone
granted = { $client } downloads { $file } from secondaries { $sources }
granted-many = { $client } downloads { $count } files
queued = { $client } waits for { $file } at place { $place }
queued-many = { $client } waits for { $count } files
place-lent = { $client } is sent nothing of { $file }: others have its place until it goes on
place-lent-many = { $client } is sent nothing of { $count } files: others have its places until it goes on
finished = Download of { $file } by { $client }: { $outcome }
finished-many = { $client } has completed { $count } downloads, { $size }
cancelled-many = { $client } has cancelled { $count } downloads
copy-damaged = Secondary { $number } has a damaged copy of { $file } and does not serve it: { $others ->
    [0] nobody else has it, so that it cannot be mended before somebody with a good copy returns
   *[other] it is mended from another copy
}
reported = { $by } reports secondary { $secondary }: { $why }
with-reason = { $what } ({ $reason })
told-no-sources = no secondary could send it
told-wrong-manifest = the catalogue's digests are not that file's
told-disk = the receiver's disk: { $why }
told-exists = another file has that name
told-changed = the file changed while in use
told-disk-away = a disk that is mounted in that folder is not there
told-link = it is a symbolic link, which is not followed
told-broken = its program failed
told-other = it says “{ $words }”
to-client = to client { $name }
to-original = to the original client { $name }
to-secondary = to secondary { $number }
the-client = client { $name }
the-original = the original client { $name }
the-secondary = secondary { $number }
outcome-complete = complete and verified
outcome-already = was complete already
outcome-failed = failed
outcome-cancelled = cancelled
system-no-service = No service: { $alive ->
    [one] 1 secondary alive
   *[other] { $alive } secondaries alive
}, { $required } needed
system-copying = In service; copying between secondaries
system-level = In service and level
system-lacking = In service, not level: { $what }
lacking-copies = { $count ->
    [one] 1 copy is missing
   *[other] { $count } copies are missing
}
lacking-conflicts = { $count ->
    [one] 1 conflict to decide (CONFLICTS)
   *[other] { $count } conflicts to decide (CONFLICTS)
}
lacking-changing = { $count ->
    [one] 1 file is being changed
   *[other] { $count } files are being changed
}
no-conflicts = There are no conflicts
conflicts-remedy = RESOLVE <name> <no.> decides which one counts
conflict-offered = yes
conflict-here = Conflict: { $file } has different contents: { $versions }; the administrator decides with RESOLVE
conflict-version = { $size } of { $date } ({ $id }) at { $secondaries }
conflict-decided = The conflict about { $file } is decided
no-conflict = { $file } is not in conflict
no-such-file = there is no { $file }; CONFLICTS shows the names in conflict
no-such-choice = { $file } has no content { $choice }: choose { $choices }
system-counts = { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $clients ->
    [one] 1 client
   *[other] { $clients } clients
}, { $running ->
    [one] 1 download running
   *[other] { $running } downloads running
}, { $waiting } waiting, { $copies ->
    [one] 1 copy running
   *[other] { $copies } copies running
}
condition-up = up
condition-read-only = read only
condition-away = a disk is missing
condition-down = down
condition-draining = draining
no-clients = There are no clients
queue-empty = Nobody waits
expelled = { $count ->
    [one] { $name } expelled
   *[other] { $name } expelled: { $count } connections
}
no-such-client = There is no client “{ $name }”: CLIENTS shows them
draining = Secondary { $number } ends what it sends and gets nothing new; DRAIN { $number } OFF undoes it
not-draining = Secondary { $number } takes part again
no-such-secondary = No secondary { $number } is enrolled: SECONDARIES shows them
original-client = original
no = no

## A secondary

enrolled = Enrolled at the central { $central }
enrolled-again = Enrolled again at the central { $central }
upstream-lost = No connection to the central ({ $reason }): it is tried again by itself
folder-read = Folder read: { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $size }
reindexing = Reading the whole folder again
serving = Serving { $file } ({ $size })
serving-many = Serving { $count } more files, { $size }
no-longer-serving = No longer serving { $file }: { $why }
no-longer-serving-many = No longer serving { $count } files: { $why }
gone-deleted = it was deleted
gone-changed = it changed or cannot be read
gone-withdrawn = it was deleted at another secondary, and cannot be moved away here
gone-set-aside = it was deleted at another secondary; this copy is in .trozos/retirados
gone-altered = the disk has altered it
file-damaged = { $file } is damaged on the disk: its content is not what it was, though size and date are. It is mended as soon as another secondary has it; what is damaged goes to .trozos/retirados
gone-replaced = there is a newer version; this one is in .trozos/retirados
gone-resolved = somebody chose another content; this one is in .trozos/retirados
gone-damaged = the disk had altered it; it is in .trozos/retirados
retired-none = Nothing is set aside
retired-files = { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $size }
retired-total = In .trozos/retirados: { $what }. RECOVER <n> brings one back; EMPTY <n>, or EMPTY *, removes them for good
retired-deleted = deleted at another secondary
retired-replaced = there is a newer version
retired-resolved = another content was chosen
retired-damaged = altered by the disk
retired-by-hand = not known
retired-goes = { $file } ({ $size })
retired-more = … and { $files } more
retired-confirm = To be removed for good: { $what }. Type YES to do it; anything else keeps them
retired-gone = Removed for good: { $what }
retired-no-such = Nothing with the number { $number } is set aside: RETIRED shows what is
retired-recovered = Brought back: { $file }
not-served = Not serving { $path }: { $why }
not-served-many = Not serving { $count ->
    [one] one more name
   *[other] { $count } more names
 }, among them { $examples }: { $why }
copy-started = Copying { $file } ({ $size }) from secondaries { $sources }
copy-started-many = Copying { $count } files, { $size }
copy-notice = Copy of { $file }: { $what }
copied = Copied and verified { $file }
copied-many = { $count } files copied and verified, { $size }
copied-in = Copied and verified { $file } in { $time } ({ $rate }): { $shares }
copied-from-disk = Copied and verified { $file }: { $share }
copied-own = { $size } from this disk
copied-share = { $size } from { $number }
copy-failed = The copy of { $file } could not be finished: { $why }
sending = Sending { $file } { $to }
sending-many = Sending { $count } files { $to }
sent = Sent { $size } of { $file } { $to }
sent-many = Sent { $size } of { $count } files { $to }
refused-for-good = The central admits this secondary no more: { $why }
being-written-by = { $file } is offered once it is closed: { $program } (process { $process }) has it open for writing
being-written = { $file } is offered once it is closed: somebody has it open for writing
folder-gone = The folder cannot be read any more ({ $why }): nothing of it is served until it is back
disk-away = The disk of { $folder } is not mounted: nothing is served from there, and no copies are taken there, until it is; if it is gone for good, restart with --olvidar-discos
disk-back = The disk of { $folder } is there again
folder-read-only = The folder may only be read ({ $why }): it is served, and takes no copies
folder-writable = The folder can be written into again: it takes copies
folder-back = The folder is there again: reading it anew
no-transfers = No transfer is running
row-sending = sending { $to }
row-copying = copying from { $sources }
secondary-status = Secondary { $number }: { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $size }, in { $folder }
secondary-central = Enrolled at the central { $central }
secondary-no-central = No connection to the central: it is tried again by itself
secondary-read-only = The folder may only be read: it is served, and takes no copies
secondary-away = A disk of the folder is not there: nothing of it is served, and no copies are taken there
secondary-indexing = The folder is being read
secondary-work = { $sending } being sent and { $copying } being copied, { $connections ->
    [one] 1 connection
   *[other] { $connections } connections
}
secondary-sent = Sent { $sent } since it started; now { $rate }; limit { $limit }
no-limit = none
limit-set = Upload limit: { $limit }

## Errors

start-port-in-use = port { $port } is in use ({ $address }): choose another with --puerto, or 0 for a free one
start-no-such-host = “{ $host }” is no name or address that this machine knows: look at --ip and --ip-anunciada
start-not-local = { $ip } is not an address of this machine: use one of its own in --ip, or 0.0.0.0 for all of them
start-port-denied = listening on { $address } is not allowed: choose one of 1024 or more with --puerto
start-listen = cannot listen on { $address }: { $why }
start-number-in-use = number { $number } belongs to another secondary that is alive: choose another with --numero, or stop that one
start-number-in-use-by = number { $number } belongs to another secondary that is alive and listens on { $address }: choose another with --numero, or stop that one
start-refused = the central does not admit this secondary: { $why }
store-nowhere = { $path }: the working folder is gone: go to another (`cd`), or give whole paths
store-not-found = { $path }: does not exist
store-denied = { $path }: permission denied; change its permissions or choose another folder
store-read-only = { $path }: on a read-only disk; choose another folder
store-disk-away = { $path }: its disk is not mounted; mount it, or restart with --olvidar-discos if it is gone for good
store-full = { $path }: no space left on the disk, or not enough for all of it; free some and ask for it again: verified data is kept
store-not-folder = { $path }: not a folder; choose another
store-exists = { $path }: exists with other content and is not touched; move it, or use --sobrescribir
store-busy = { $path }: another process is working with it
store-changed = { $path }: changed while it was used
store-too-large = { $path }: too large for this disk
store-no-descriptor = { $path }: too many open files; raise the limit with “ulimit -n” and start again
store-not-a-file = { $path }: something is there that is no regular file; move it away
store-link = { $path }: it, or its folder, is a symbolic link, which is not followed; download to where the link leads
store-other = { $path }: { $why }
statistics-since = Since { $time }
statistics-downloads = downloads
statistics-copies = copies
statistics-copies-to = to secondary { $number }
statistics-from = from secondary { $number }
statistics-trouble = Chunks asked for again: { $retries }; of two at once: { $hedges }; returns of secondaries: { $returns }
statistics-own = Taken from the receiver's own disk: { $size }
statistics-faults = Faults of secondaries: { $faults }
statistics-fault = { $why }: { $count }
statistics-refused = Refused connections: { $codes }
statistics-all = All figures, as they will be saved at the end: STATISTICS JSON
statistics-set-aside = Statistics: { $path } cannot be understood ({ $why }) and is kept as { $to }; they start from nothing
statistics-in-use = Statistics: another process is using { $path }; this one's figures go to { $instead }
statistics-failed = Statistics: { $why }
damage-too-large = it has { $size }
damage-cut = it ends at line { $line }, column { $column }
damage-syntax = not JSON at line { $line }, column { $column }
damage-content = of another version, or changed by somebody
damage-content-at = of another version or changed by somebody, at line { $line }, column { $column }
ignored-not-utf8 = its name is not UTF-8
ignored-name = its name cannot be asked for: { $why }
ignored-symlink = it is a symbolic link
ignored-not-a-file = it is not a regular file
ignored-too-deep = it is below too many folders
ignored-too-large = it is larger than 16 TiB
ignored-too-many = there are too many files
ignored-unreadable = it cannot be read: { $why }
refused-not-ready = the system is not level yet: wait a little
refused-not-found = no live secondary has such a file
refused-protocol = the central speaks another version of the protocol: install the same version of trozos on all nodes
refused-bad-message = the central does not understand what it was told: see that all nodes are of the same version
refused-number-in-use = another live secondary has this number: give each its own with --numero, or stop that one
refused-number-in-use-by = another live secondary, which listens on { $address }, has this number: give each its own with --numero, or stop that one
refused-number-above = the central takes the numbers from 1 to { $most }: start it with --secundarios { $number }, or use another number
refused-number-not-allowed = the number is above what the central takes: give all nodes the same --secundarios
refused-no-such-content = the secondary does not hold that content any more: another is asked
refused-file-changed = the file changed while in use: wait until it has been read again
refused-read-failed = the other node could not read its disk: see its log
refused-stopping = the central stops, or this node has opened a newer connection: it connects again
refused-timed-out = the central heard nothing of this node in time: look at the network and at the load of both machines
refused-internal = the central failed by itself: see its log
refused-unknown = the central refuses for something that this version does not know: “{ $words }”
limit-connections = the central has { $count } connections already and takes no more: wait a little
limit-share = another connection needed this one's place: wait a little, or use fewer programs at once on this machine
limit-descriptors = the other node can open nothing more: raise its limit of open files (ulimit -n)
limit-downloads = this client has asked for { $count } downloads already: wait until one has ended
limit-waiting = { $count } downloads wait already: wait until there are fewer
limit-files = this secondary has more than { $count } files: share them out, or keep small ones together in an archive
limit-folders = more than { $count } of its folders take no copies: see that all nodes are of the same version
limit-chunks = over { $count } chunks were asked for at once: see that all nodes are of the same version
limit-other = there are too many requests: wait, or ask for less at once
refused-expelled = the administrator has expelled you: wait a minute before you come back
client-not-enrolled = you are not enrolled: type ENROL <name> first
client-not-ready = the system is not level yet: wait for secondaries and ask again
client-not-found = there is no such file: LIST shows those that there are
client-unreachable = cannot connect to the central ({ $why }); it is tried again by itself
client-running = it is being downloaded already: it is download { $number }
client-stopped = the client is stopping
bad-name-component = a name neither begins nor ends with “/”, nor has two in a row
bad-name-dot = neither a name nor its folders begin with a dot
bad-name-character = “{ $character }” cannot be in a name
bad-name-reserved = names that end in .part are those of unfinished downloads
bad-name-too-long = it is too long
bad-client-name = a name has 1 to 64 bytes, without “/”, “\”, “:” or control characters, and does not begin with a dot
line-unknown = I know no command “{ $word }”. H shows those that there are
line-unknown-near = I know no command “{ $word }”: did you mean { $near }? H shows those that there are
line-missing = The value is missing: { $usage }
line-value = “{ $value }” will not do: { $why }
why-download = it is neither the number nor the name of a download: STATUS shows them
why-priority = priorities are high, normal and low
why-secondary = it is not the number of a secondary
why-off = only OFF can follow, which undoes it
why-json = only JSON can follow
why-retired = the number of a file that was set aside, as RETIRED shows it
why-choice = is the number of a row of CONFLICTS
why-rate = it is not a rate: write bytes per second, as 500kB/s, 20MB/s or 1GiB/s
why-size = it is not a size: write bytes, as 500kB, 20MB or 1GiB
why-time = it is not a time: write seconds, or 30s, 2m or 1h
why-quiet = at most 24 hours
why-limit = write a rate such as 20MB/s, or OFF to take the limit away

## Security

open-cluster = WARNING: without a secret the cluster is open: anybody in the network can list and download, and any server can join. Remedy: --clave-archivo
open-cluster-tls = WARNING: without a secret the cluster is open to whoever has a certificate, or to anybody where --tls-ca is not given. Remedy: --clave-archivo
no-tls = With a secret and without TLS: only who knows it gets in, but content can be read in the network, and who is in the middle can change what is said after the greeting. Remedy: --tls-cert, --tls-clave and --tls-ca
security-unreadable = { $path }: cannot be read: { $why }
security-exposed = { $path }: others can read it (permissions { $mode }). Remedy: chmod 600 { $path }
security-empty = the secret is empty: give one of at least 16 bytes, or take the variable or the flag away
security-utf16 = the secret is UTF-16: save it again as UTF-8 in your editor
security-short = the secret has { $bytes } bytes and needs at least 16. A good one: head -c 32 /dev/urandom | base64 > clave
security-long = the secret has more than 4096 bytes: is it another file?
security-half-identity = --tls-cert and --tls-clave go together: the certificate and its private key
security-half-secondary = a secondary answers and connects: with TLS it needs --tls-cert, --tls-clave and --tls-ca
security-only-authority = --tls-ca asks whoever connects for a certificate, and for that the central needs its own: give --tls-cert and --tls-clave too
security-only-identity = with --tls-cert there must be --tls-ca, to know which central to trust
tls-certificate = { $path }: not a certificate in PEM ({ $why })
tls-key = { $path }: not a private key in PEM ({ $why })
tls-pair = { $path }: the certificate and its key do not go together ({ $why })
tls-authority = { $path }: of no use as an authority ({ $why })
pem-nothing = there is none in the file
pem-cut = its end is missing
pem-damaged = it is damaged
pem-keys-differ = the key is another certificate's
tls-not-tls = the other side does not speak TLS
tls-theirs = its certificate is not good: { $why }
tls-ours = it does not take this node's certificate: { $why }
tls-gave-up = the other side gave up, with the alert { $alert } of TLS
certificate-none-shown = none was shown
certificate-expired = it has expired
certificate-not-yet = it is not valid yet: look at the clocks
certificate-unknown-issuer = another authority has signed it
certificate-wrong-name = it does not have that name or address
certificate-wrong-purpose = it is for another use
certificate-bad-signature = the signature is not that authority's
certificate-revoked = its authority has revoked it
certificate-malformed = it is damaged
certificate-refused = it does not say why
made-new = Made in { $folder }: a new authority (ca.pem)
made-signed = Made in { $folder }, signed by the authority that was there
made-server = To server { $stem } copy clave, ca.pem, { $stem }.pem and { $stem }-clave.pem; start it with:
made-client = To each client copy clave, ca.pem, cliente.pem and cliente-clave.pem; start it with:
made-names = CENTRAL and the addresses of the secondaries must be among the names of their certificates.
made-keep = ca-clave.pem is copied nowhere: who has it can make certificates. All of it expires after 10 years.
certificate-exists = { $path }: exists and is not touched; delete it if you want it made anew, or give another folder
certificate-io = { $path }: { $why }
certificate-name = “{ $name }” is neither a host name nor an address: write --nodo 10.0.0.2, or --nodo central.lan,10.0.0.2
certificate-authority = { $path }: the authority that is there is of no use ({ $why }): give another folder, or bring back ca.pem and ca-clave.pem
authority-missing = this file is missing
authority-key = it is no private key
authority-no-pair = certificate and key are not of the same authority, or not made by this program
certificate-crypto = the certificates could not be made: “{ $words }”
denied-secret-required = the central asks for a secret: give the same as it has with --clave-archivo, or in TROZOS_CLAVE
denied-no-secret-there = the central uses no secret, and this node does: it may not be yours. Remedy: start the central with --clave-archivo, or this node without it
denied-wrong-secret = the secret is not the central's: compare the files of --clave-archivo
denied-tls-required = the central speaks TLS only: give --tls-ca, and --tls-cert with --tls-clave if it asks for a certificate
denied-not-tls = the central does not speak TLS: start it with --tls-cert and --tls-clave, or this node without --tls-ca
denied-theirs = the central's certificate is not good ({ $why }): see that the authority of --tls-ca has signed it, that it has the name or address that you connect to, and that it has not expired
denied-ours = the central does not take this node's certificate ({ $why }): give --tls-cert and --tls-clave, signed by the cluster's authority and not expired
denied-tls-other = no TLS with the central: { $why }
you-are-expelled = The administrator has expelled you: your downloads end; you can come back in a minute

## videolocal

local-level = Level: { $secondaries } with the same, { $files }
local-waiting = Waiting: { $alive }
local-waiting-copies = Waiting: { $alive }; { $copies } missing
local-not-level = the secondaries do not become level: look at { $folder }
local-no-ports = --puerto-secundarios: there are not so many ports
local-cannot-make = { $path }: cannot be made
local-cannot-write = { $path }: cannot be written
local-cannot-start = the process cannot be started
local-does-not-start = { $who } does not start: { $why }
local-does-not-start-status = { $who } does not start ({ $status }): { $why }
local-exit-code = code { $code }
local-exit-signal = signal { $signal }
local-no-such-node = there is no such node: write 1 to { $most }, or C for the central
local-not-running = it is not running: RAISE starts it
local-no-longer-running = it is no longer running: RAISE starts it
local-running = it is running (process { $process })
local-no-process = a process without a number
local-central = central
local-secondary = secondary { $number }
local-the = { $who }: { $why }
local-dead = dead
local-frozen = frozen
local-alive = alive
local-killed = Killed { $who } (process { $process })
local-froze = Frozen { $who } (process { $process })
local-thawed = Thawed { $who } (process { $process })
local-raised = Raised { $who } (process { $process }, port { $port })
why-node = write the number of a secondary, or C for the central
demo-well = End of the demonstration: every byte is right
demo-nothing = there is no file to download
demo-too-fast = the download ended before the last fault: try a lower --limite-subida
demo-not-downloaded = the download ended without downloading
demo-endless = the download does not end
demo-kill = *** SIGKILL to secondary { $number } (process { $process })
demo-raise = *** Raising secondary { $number } (process { $process }, port { $port })
demo-nowhere = { $name }: at no secondary
demo-differs = { $name }: the bytes are not the same
demo-compared = Compared by SHA-256, file by file, with the disks of the secondaries:
demo-sent = What each secondary sent of { $file }:
demo-cost = Cost of the faults: { $chunks } asked for again, { $wasted } wasted ({ $share } of the file), { $without } without a secondary; { $time } in all
demo-folder = All of it is in { $folder } and is deleted at the end; with --directorio FOLDER it stays
demo-making = Making { $path } ({ $size })

## Commands: what they do, how they are written, an example

help-more = HELP <command> shows an example; commands work in Spanish too
help-example = Example: { $example }
help-names = Names: { $names }
command-help = shows this help, or that of one command
    .usage = HELP [command]
    .example = HELP GET
command-quit = stops the program and saves its statistics (Ctrl-D too)
    .usage = QUIT
    .example = QUIT
command-enrol = gives or changes your name; needed before the first download
    .usage = ENROL <name>
    .example = ENROL ana
command-name = shows your name, or changes it
    .usage = NAME [name]
    .example = NAME ana
command-list = the files that can be downloaded
    .usage = LIST
    .example = LIST
command-search = the files whose name has a text in it, or matches a pattern
    .usage = SEARCH <text>
    .example = SEARCH season 2
command-download = downloads one or more, in the background; * and ? can be used
    .usage = GET <name>…
    .example = GET film.mp4 "series/episode *"
command-client-status = your downloads and the state of the system
    .usage = STATUS
    .example = STATUS
command-detail = a download chunk by chunk: which secondary brought each
    .usage = DETAIL <number|name>
    .example = DETAIL 1
command-pause = pauses a download; verified data is kept
    .usage = PAUSE <number|name>
    .example = PAUSE 1
command-resume = goes on with a paused download
    .usage = RESUME <number|name>
    .example = RESUME 1
command-cancel = gives a download up; verified data is kept
    .usage = CANCEL <number|name>
    .example = CANCEL 1
command-priority = those of higher priority go first; the others wait
    .usage = PRIORITY <number|name> <high|normal|low>
    .example = PRIORITY 2 high
command-verify = compares a downloaded file with the cluster's and asks again for the bad chunks only
    .usage = VERIFY <name>
    .example = VERIFY film.mp4
command-per-file = complete downloads of each file
    .usage = DOWNLOADS
    .example = DOWNLOADS
command-per-client = complete downloads of each client
    .usage = CLIENT_DOWNLOADS
    .example = CLIENT_DOWNLOADS
command-central-status = the state of the system
    .usage = STATUS
    .example = STATUS
command-secondaries = the secondaries: state, lease, address, files, what they sent
    .usage = SECONDARIES
    .example = SECONDARIES
command-clients = the connected clients
    .usage = CLIENTS
    .example = CLIENTS
command-queue = who waits, in order
    .usage = QUEUE
    .example = QUEUE
command-expel = throws a client out; it may come back after a minute
    .usage = EXPEL <client>
    .example = EXPEL ana
command-drain = a secondary ends what it sends and gets nothing new, so that it can be stopped; OFF undoes it
    .usage = DRAIN <n> [OFF]
    .example = DRAIN 2
command-conflicts = names with several contents: size, date, content and who holds it; with JSON, everything
    .usage = CONFLICTS [JSON]
    .example = CONFLICTS
command-resolve = decides which content of a name in conflict counts; the others are set aside
    .usage = RESOLVE <name> <n>
    .example = RESOLVE plan.txt 2
command-statistics = the main figures; with JSON, all of them
    .usage = STATISTICS [JSON]
    .example = STATISTICS
command-transfers = running transfers, copies included
    .usage = TRANSFERS
    .example = TRANSFERS
command-taken-part = complete downloads of each file in which it took part
    .usage = DOWNLOADS
    .example = DOWNLOADS
command-secondary-status = what it serves, what it sends and how fast
    .usage = STATUS
    .example = STATUS
command-reindex = reads the whole folder again, without trusting what it knew
    .usage = REINDEX
    .example = REINDEX
command-retired = what was taken out of the folder and is still kept; with JSON, for programs
    .usage = RETIRED [JSON]
    .example = RETIRED
command-recover = brings a file back that was set aside, under its name or, when another has that, a new one
    .usage = RECOVER <n>
    .example = RECOVER 3
command-empty = removes a file that was set aside for good, or all with *; says first what goes, and asks for a YES
    .usage = EMPTY [n|*]
    .example = EMPTY *
command-limit = the most that it sends per second, from now on; OFF takes it away
    .usage = LIMIT <rate|OFF>
    .example = LIMIT 20MB/s
command-kill = kills secondary n (SIGKILL); with C, the central
    .usage = KILL <n>
    .example = KILL 2
command-freeze = stops it without its knowing (SIGSTOP)
    .usage = FREEZE <n>
    .example = FREEZE 2
command-thaw = lets it go on (SIGCONT)
    .usage = THAW <n>
    .example = THAW 2
command-raise = starts it again, on the same port
    .usage = RAISE <n>
    .example = RAISE 2
command-nodes = the processes, with their ports and folders
    .usage = NODES
    .example = NODES

## Command lines

about-videocentral = The central: knows which files there are and who has them, and shares out the downloads.
about-videocentral-certificados = Makes a private authority, a certificate per server, another for clients, and a secret
about-videosecundario = A secondary: keeps verified copies of the files and sends them.
about-videocliente = A client: downloads files from all secondaries at once.
about-videocliente-listar = The files that can be downloaded
about-videocliente-descargar = Downloads files and waits for their end
about-videocliente-verificar = Compares downloaded files with the cluster's and asks again for the bad chunks only
about-videocliente-estado = The state of the cluster
about-videolocal = A central and its secondaries on this machine, as real processes, with a client's prompt.
heading-usage = Usage
heading-options = Options
heading-arguments = Arguments
heading-commands = Commands
heading-general = General
heading-security = Security
heading-downloads = Downloads
heading-output = Output
manual-title = trozos manual
manual-name = NAME
manual-synopsis = SYNOPSIS
manual-description = DESCRIPTION
manual-notes = NOTES
manual-version = VERSION
usage-options = OPTIONS
usage-command = COMMAND
help-sources =
    Each option can be given in a variable too (TROZOS_PUERTO…) or in the configuration file
    (puerto = …): --mostrar-config shows them. Sizes and rates have units (20MB/s, 1GiB), and so have times (30s, 2m).
value-carpeta = FOLDER
value-fichero = FILE
value-nivel = LEVEL
value-puerto = PORT
value-nombre = NAME
value-host = HOST
value-nombre-o-ip = NAME_OR_IP
value-tasa = RATE
value-tamano = SIZE
value-dias = DAYS
value-tiempo = TIME
value-ruta = PATH
value-patron = PATTERN
flag-default = default: { $value }
flag-help = Shows this help
flag-version = Shows the version
flag-estadisticas = Folder of the statistics
flag-registro = Level of the log: error, warn, info, debug, trace, or a filter of tracing's
flag-registro-formato = Form of the log: texto, or json for programs, an object per line; times are UTC
flag-registro-archivo = File of the log, instead of stderr; a service opens it again at SIGHUP
flag-videolocal-registro-archivo = File of the log, instead of stderr; the processes have others beside it: with a.log, a-central.log, a-secundario1.log…
flag-idioma = Language: es or en. Otherwise that of LC_ALL, LC_MESSAGES or LANG
flag-config = Configuration file; otherwise ~/.config/trozos/trozos.toml or /etc/trozos/trozos.toml
flag-mostrar-config = Shows every value and where it comes from, and ends
flag-clave-archivo = File with the cluster's secret, the same at all nodes; or else in the variable TROZOS_CLAVE
flag-tls-cert = This node's certificate, in PEM
flag-tls-clave = Private key of that certificate, in PEM
flag-tls-ca = Authority that signs the cluster's certificates: others must have one of its own
flag-ip = Name or address to listen on, with its port or without
flag-puerto = Port to listen on; 0 for a free one
flag-videosecundario-puerto = Port to listen on; 0 for a free one [default: 50000 + number]
flag-videolocal-puerto = Port of the central; 0 for a free one
flag-secundarios = How many secondaries there are: the highest number allowed, 1 to 64
flag-videocentral-secundarios = How many secondaries must enrol before service begins, 1 to 64
flag-max-clientes = Downloads at once, 1 to 10000; the others wait in line
flag-sin-consola = No commands: runs as a service until a signal
flag-carpeta = Folder of all that is made; what is there is not touched
flag-nodos = Name or address of a server, or several with commas; once per server [default: those of this machine]
flag-numero = Its number: 1 to 3, or more with --secundarios
flag-ip-anunciada = Name or address that others are given, with a port or without [default: where it listens, or else the one that it reaches the central from]
flag-ip-central = Name or address of the central, with its port or without
flag-puerto-central = Port of the central
flag-directorio = Folder that it serves [default: data/videosN]
flag-videolocal-directorio = Folder with videos1, videos2…
flag-limite-subida = Most that it sends per second: 500kB/s, 20MB/s, 1GiB/s
flag-reposo = How long a file must not have changed to be offered: 4s, 500ms, 1m; one that is open for writing waits until it is closed
flag-olvidar-discos = Goes on without disks that the folder had and that are gone for good: what is there now is all
flag-videolocal-limite-subida = Most that each secondary sends per second: 500kB/s, 20MB/s, 1GiB/s
flag-retirados-max = Most that is kept of what was set aside in .trozos/retirados; the oldest goes first [default: a tenth of the disk, and 50 GB at most]
flag-retirados-dias = For how many days what was set aside is kept
flag-nombre = Enrols with this name at the start
flag-destino = Folder of the downloads; “-” with descargar writes to standard output
flag-espera-fuentes = How long a download waits when no secondary is left
flag-sobrescribir = Replaces a file that exists with other content
flag-patrones = Only names that match; * and ? can be used
flag-nombres = Files, or patterns with * and ?
flag-salida = Writes the file there; “-” is standard output, in order and each chunk verified, and so is a pipe or a device; into a folder, under its own name
flag-json = The result, as one JSON document on standard output
flag-progreso = How progress is told: texto (on standard error), json (lines on standard output, the last one the result) or no
flag-silencioso = Errors only
flag-detallado = Everything that happens, on standard error
flag-demo = Asks nothing: makes samples, downloads, kills secondaries half-way and compares every byte
flag-puerto-secundarios = Port of secondary 1; the others have the next ones. 0 for free ports
usage-more = Try “{ $program } --help”
usage-no-value = { $flag } lacks its value
usage-invalid-value = “{ $value }” will not do for { $flag }: it can be { $valid }
usage-invalid-value-near = “{ $value }” will not do for { $flag }: did you mean { $near }? It can be { $valid }
usage-bad-value = “{ $value }” will not do for { $flag }: { $help }
usage-bad-value-alone = “{ $value }” will not do for { $flag }
usage-unwanted-value = { $flag } takes no value, and has “{ $value }”
usage-value = { $flag }: { $why }
usage-unknown = I know no option { $flag }
usage-unknown-near = I know no option { $flag }: did you mean { $near }?
usage-command-unknown = I know no command “{ $word }”: it can be { $valid }
usage-command-near = I know no command “{ $word }”: did you mean { $near }?
usage-command-missing = a command is missing: it can be { $valid }
usage-command-alone = the command “{ $word }” goes first: options follow it
usage-too-much = “{ $word }” is one word too many
usage-twice = { $flag } is given twice
usage-twice-values = { $flag } is given twice, with different values: { $values }; leave one
usage-two-ports = { $address } “{ $place }” and { $flag } { $port } name two ports: leave one
usage-missing = { $flags } is missing
usage-conflict = { $flag } does not go with { $other }
usage-utf8 = a value is not UTF-8
usage-number = number { $number } will not do: --numero is 1 to { $highest }
usage-number-more = number { $number } will not do: --numero is 1 to { $highest }; to use it, give --secundarios { $number } here and to the central
usage-one-file = --salida is for one file, and there are { $count }
usage-empty-output = --salida is empty; say where, or leave it out
why-empty = it is empty: leave it out, or give a value
why-home-of-other = the home of somebody else is not looked up: write the whole path, or ./{ $path } for a name that begins so
why-no-home = HOME does not say where the home is: write the whole path
why-switch = write yes or no
why-not-url = it is no URL: write a name or an address, with a port or without, as h:50000
why-brackets = an IPv6 address with a port is written in brackets: [::1]:50000
why-port = the port after the colon is a number from 1 to 65535
why-host = write a name or an address, as central.lan, 10.0.0.2 or ::1, with a port or without
why-language = the languages are es and en
why-log-level = use error, warn, info, debug or trace, or a filter of tracing's
settings-unreadable = { $path }: the configuration cannot be read: { $why }
settings-wrong = { $path }: { $why }
settings-syntax = line { $line }, column { $column }: not TOML: “{ $text }”
settings-unknown = I know no key “{ $key }”: it can be { $known }
settings-unknown-near = I know no key “{ $key }”: did you mean { $near }?
settings-utf8 = { $path }: the configuration is not UTF-8: save it again as UTF-8 in your editor
settings-twice = the key “{ $key }” is given twice: leave one
settings-twice-at = line { $line }: the key is given twice: “{ $text }”; leave one
settings-kind = the key “{ $key }” takes a text, a number or true/false
settings-file = Configuration file: { $path }
settings-none = No configuration file (looked for in { $usual })
origin-flag = command line
origin-variable = variable { $name }
origin-file = { $path }
origin-default = default
origin-none = not given

## Commands for scripts

script-unreachable = cannot connect to the central ({ $why })
script-stdout = cannot write to standard output: { $why }

## What the system says

system-not-found = does not exist
system-denied = permission denied
system-refused = nobody listens there
system-reset = the connection was cut
system-aborted = the connection was cut
system-not-connected = there is no connection
system-in-use = in use
system-not-here = not of this machine
system-closed = whoever read has closed
system-timed-out = no answer in time
system-cut = cut off in the middle
system-no-host = that machine cannot be reached
system-no-network = that network cannot be reached
system-network-down = the network is down
system-full = no space left on the disk
system-read-only = the disk is read-only
system-folder = it is a folder
system-no-folder = it is not a folder
system-data = its content cannot be understood
system-exists = exists already
system-quota = no quota is left on the disk
system-too-large = too large for this disk
system-not-empty = the folder is not empty
system-busy = another process uses it
system-deadlock = two processes wait for each other
system-stale = the network folder is stale: mount it again
system-name = the name will not do
system-unsupported = the system does not support it there
system-memory = no memory is left
system-io = the disk failed to read or write
system-descriptors = too many open files
system-family = this machine does not use that kind of address (IPv4 or IPv6)
system-device = there is no such device
system-loop = too many symbolic links
system-number = error { $number } of the system: “{ $words }”
system-other = another error: “{ $words }”
lost-unknown-host = there is no machine “{ $host }”: look at --ip-central
lost-no-interface = { $host }: this machine has no network interface “{ $zone }”; `ip -br link` shows those that there are
lost-no-answer = { $address }: no answer
lost-unreachable = { $address }: { $why }
lost-no-hello = { $place }: no hello: is it a central?
lost-closed = the connection was closed
lost-cut = cut off in the middle
lost-closed-early = { $place }: closed before hello: is it a central?
lost-secondary-there = { $place }: that is secondary { $number } and no central: look at --puerto-central
lost-stranger = { $place }: what answers is no central: look at --ip-central and --puerto-central
lost-not-a-message = the central sent something that is no message: see that all nodes are of the same version
lost-line-too-long = the central sent a line that is too long: see that all nodes are of the same version
lost-silent = no sign of life
lost-stops = the central stops
lost-outdated = { $place }: another central has taken over from this one, or this one lost its saved state: waiting for the other
lost-stopped = this program stops

# Orders from other programs of this machine.
order-nobody = no { $program } that takes orders from this user is running on this machine; --socket PATH says where another one listens
order-nobody-there = no { $program } that takes orders from this user is running on port { $port } of this machine
order-several = several { $program } are running: choose one with --puerto or --socket ({ $sockets })
order-not-running = no running { $program } listens at { $socket }
order-denied = only that program’s user and root may give it orders: { $socket }
order-cut = { $program } closed the connection without an answer
order-failed = { $socket }: { $why }
order-version = the running { $program } is of another version: restart it
order-stopping = { $program } is shutting down
order-not-here = “{ $line }” only works at the console
order-reindexing = The whole folder is read again; it is served meanwhile
orders-not-taken = No orders are taken from other programs: { $why }
orders-in-use = another program already listens at { $path }; --socket PATH chooses another place
orders-open-folder = other users may write into { $path }; --socket PATH chooses another place
flag-socket = Socket at which it takes orders of other programs of this machine; no for none [default: its own, in its user’s runtime folder]
flag-si = Does not ask before it deletes
order-words = What follows the command: { $values }
value-valor = VALUE
flag-order-socket = Socket of the server [default: that of the only one running]
flag-order-puerto = Port that the server in question listens on
flag-order-numero = Number of the secondary in question
heading-order = Options
