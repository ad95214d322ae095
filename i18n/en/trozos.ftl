## What all programs have

hint-help = Type H for help
line-too-long = Line too long
stopping = Stopping: saving statistics
stopping-processes = Stopping the processes
error = error: { $why }
warning = warning: { $why }
warning-statistics-not-saved = warning: the statistics were not saved: { $why }
error-statistics-not-saved = error: the statistics were not saved: { $why }
error-no-orderly-stop = error: could not shut down cleanly
program-failed = a part of the program failed
no-threads = the system allows no more threads: the process limit is reached (ulimit -u, TasksMax)
interrupted = interrupted
listening = Listening on { $address }
bucket-served = Bucket { $bucket }
folder-served = Folder { $folder }

## Numbers, lists and units

decimal-mark = .
group-mark = ,
# Numbers of so many digits are grouped.
group-from = 4
list-none = none
list-last = { $others } and { $last }
list-or = { $others } or { $last }
percent = { $value }%
chunks = { $count ->
    [one] 1 chunk
   *[other] { $count } chunks
}
chunks-again = { $count ->
    [0] no chunks requested again
    [one] 1 chunk requested again
   *[other] { $count } chunks requested again
}
files = { $count ->
    [one] 1 file
   *[other] { $count } files
}
secondaries = { $count ->
    [one] 1 secondary
   *[other] { $count } secondaries
}
copies = { $count ->
    [one] 1 copy
   *[other] { $count } copies
}
secondaries-alive = { $count ->
    [one] 1 secondary up
   *[other] { $count } secondaries up
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
column-complete = complete
column-failed = failed
column-cancelled = cancelled
column-mean = average
column-size = size
column-secondaries = secondaries
column-secondary = secondary
column-number = #
column-state = state
column-address = address
column-files = files
column-missing = missing
column-conflicts = conflicts
column-modified = modified
column-content = content
column-offered = offered
column-what = activity
column-progress = progress
column-chunks = chunks
column-bytes = data
column-wasted = duplicate
column-reassigned = reassigned
column-returns = returns
column-node = node
column-process = process
column-port = port
column-folder = folder
column-place = place
column-when = set aside
column-why = reason
column-waited = waiting for
column-lease = expires in
column-sends = uploads
column-sent = sent
column-rate = now
column-left = left
column-running = running
column-waiting = waiting
column-connected = connected
column-value = value
column-flag = option
column-origin = source

## A client

enrolled-as = Enrolled as { $name }
enrolled-as-other = Enrolled as { $name }: another client is called { $wanted } already
name-but = Your name is { $name }, but { $why }
central-connected = Connected to the central { $central }
central-away = Cannot connect to the central ({ $reason }): retrying automatically
your-name = Your name is { $name }
no-name = You have no name yet: ENROL <name>
central-lost = No connection to the central ({ $reason }): retrying automatically
central-lost-idle = No connection to the central ({ $reason }): retrying automatically
central-denied = No connection to the central: { $why }
central-moved = The central of the cluster is now the one at { $address }
central-back = Connected to the central again
central-awaited = The central is slow to answer: waiting for it. What does not need it works; Ctrl-C stops waiting
central-awaited-later = Once it answers: { $line }
central-awaited-no-more = No longer waiting for the central: { $lines }
service-is-here = Service has begun: { $secondaries }, { $files }
download-head = [{ $number }] { $file }
download-queued = queued, #{ $place } in line
download-started = starting, { $size } from { $secondaries }
download-started-empty = starting
download-resumed = { $size } already here, verified; continuing from there
download-own = { $size } taken from this disk, verified, without a transfer
download-started-over = the partial data cannot be used (other content, or no journal): starting from scratch
download-damaged = { $count ->
    [one] 1 chunk of the partial data is damaged and requested again
   *[other] { $count } chunks of the partial data are damaged and requested again
}
download-set-aside = the partial data is of other content: it is kept as { $to }, starting from scratch
download-no-locks = files cannot be locked on this disk; make sure that no other program downloads the same to the same folder
download-complete = complete and verified, { $amount }
download-complete-at = complete and verified, { $amount } → { $path }
amount-in = { $size } in { $time }
amount-part = { $part } of { $size }
amount-nothing = empty
downloads-complete = { $count ->
    [one] 1 download complete and verified, { $size }
   *[other] { $count } downloads complete and verified, { $size }
}
download-digest = SHA-256 { $digest }
download-rate = { $rate } on average
download-spared-own = { $size } taken from this disk
download-spared-zeros = { $size } of zeros, which are not sent
download-cost = { $wasted } received beyond the file: duplicates to finish sooner, or unfinished chunks
download-already = already complete and verified in { $path }
download-failed = failed: { $why }
download-failed-for-now = { $failed }: RESUME { $number } continues it once one is back
download-cancelled = cancelled; verified data is kept
downloads-failed = { $count ->
    [one] 1 more download failed: STATUS says why; RESUME * continues it
   *[other] { $count } more downloads failed: STATUS says why; RESUME * continues them
}
downloads-cancelled = { $count ->
    [one] 1 download cancelled; verified data is kept for another time
   *[other] { $count } downloads cancelled; verified data is kept for another time
}
download-paused = paused; verified data is kept. RESUME { $number } continues it
download-held = waiting for a download of higher priority
download-superseded = the file has a new version, and nobody has the old one any more: downloading the new one
download-checked = { $bad ->
    [0] checked chunk by chunk: it is intact
    [one] checked chunk by chunk: 1 of { $chunks } is bad and requested again
   *[other] checked chunk by chunk: { $bad } of { $chunks } are bad and requested again
}
answer-found = Download { $number }: { $file }
answer-waits = Download { $number }: { $file }, queued, #{ $place } in line
downloads-asked = { $count ->
    [one] 1 file requested
   *[other] { $count } files requested
}
downloads-running-already = { $count ->
    [one] 1 file is already being downloaded
   *[other] { $count } files are already being downloaded
}
downloads-wait = { $count ->
    [one] { $asked }; 1 waiting
   *[other] { $asked }; { $count } waiting
}
no-files = There are no files
no-match = no file matches “{ $pattern }”
no-such-file-near = there is no “{ $name }”: did you mean { $near }?
holders = { $holders } of { $secondaries }
holders-conflict = { $holders } of { $secondaries }, in conflict
no-downloads = No downloads yet
state-asked = requested
state-queued = queued, #{ $place }
state-no-sources = { $percent }, no sources
state-watched = { $percent }, { $count ->
    [one] a player is reading it
   *[other] { $count } players are reading it
}
state-complete = complete
state-failed = failed
state-cancelled = cancelled
state-paused = paused
state-held = waiting (priority)
cancelling-many = { $count ->
    [one] Cancelling 1 download
   *[other] Cancelling { $count } downloads
}
pausing-many = { $count ->
    [one] Pausing 1 download
   *[other] Pausing { $count } downloads
}
priority-set-many = { $count ->
    [one] 1 download
   *[other] { $count } downloads
}: priority { $priority }
resumed-many = { $count ->
    [one] 1 download resumed
   *[other] { $count } downloads resumed
}
downloads-held = { $count ->
    [one] 1 download waits for one of higher priority
   *[other] { $count } downloads wait for one of higher priority
}
downloads-paused = { $count ->
    [one] 1 download paused; verified data is kept. RESUME * continues it
   *[other] { $count } downloads paused; verified data is kept. RESUME * continues them
}
quoted = “{ $word }”
cancelling = Cancelling download { $number }
pausing = Pausing download { $number }
priority-set = Download { $number }: priority { $priority }
priority-low = low
priority-normal = normal
priority-high = high
no-download = There is no running download { $which }
no-download-running = No downloads are running
no-download-to-resume = There is no download { $which } to resume
no-download-paused = There are no downloads to resume
remembered = { $count ->
    [one] 1 unfinished download: RESUME * continues it
   *[other] { $count } unfinished downloads: RESUME * continues them
}
and-more = and { $count } more
how-far = { $have } of { $size } ({ $percent })
time-left = { $time } left
state-paused-at = paused, { $how_far }
memory-set-aside = Unfinished downloads: { $path } cannot be understood ({ $why }) and is kept as { $to }
memory-failed = Unfinished downloads will not be remembered for the next run ({ $why })
answer-postponed = Download { $number }: { $file }, waiting for service
no-service-waits = No service: { $up } of { $all } secondaries. It will be requested once there is
no-central-waits = { $why }. It will be requested once there is a connection
interrupt-again = { $count ->
    [one] 1 download is running: Ctrl-C again to quit; verified data is kept
   *[other] { $count } downloads are running: Ctrl-C again to quit; verified data is kept
}
left-for-later = { $count ->
    [one] 1 download is left unfinished: next time, RESUME * continues it
   *[other] { $count } downloads are left unfinished: next time, RESUME * continues them
}
named-itself = Your name is { $name }; ENROL changes it
mirror-would-download = Would download { $name }
mirror-would-delete = Would delete { $name }
mirror-deleted = Deleted { $name }
mirror-nothing-deleted = Nothing is deleted: something could not be downloaded
mirror-not-level = nothing is deleted: the system is not in sync, so its list may lack files
usage-delete-folder = --delete takes only folders (series/), not “{ $name }”
usage-pattern = “{ $pattern }” is not a valid pattern
no-local-file = “{ $name }” is not in the downloads folder; { $download } downloads it
none-here = no file in the downloads folder matches “{ $pattern }”

## How far a download is

map-missing = missing
map-in-flight = requested
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
map-peers = peers
source-peer = peer { $number }

## What happens between a receiver and its secondaries

fault-unreachable = cannot be reached
fault-broken = connection lost
fault-stalled = sends nothing
fault-digest = sent wrong bytes
fault-refused = cannot send it
fault-protocol = does not speak the protocol
notice-suspect = Secondary { $source } is not responding
notice-cleared = Secondary { $source } responds again
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
failure-no-sources = no secondary could send it for { $waited }; verified data is kept
failure-wrong-manifest = secondaries { $one } and { $other } sent chunk { $chunk } with other content than announced: the manifest is wrong
failure-local = the local disk failed; see the log
failure-broken = a part of this program failed; see the log

## A central

offered-many = { $files } files are offered
no-longer-offered-many = { $files } files are no longer offered
left-out = { $lines } more lines about clients at { $address } are left out: they come too fast
left-out-anybody = { $lines } more lines about clients are left out: they come too fast
bad-peer = Connection from { $address } refused: { $reason }
peer-says-nothing = it said nothing within { $seconds } s
peer-silent = it showed no more signs of life
peer-idle = it requested nothing within { $seconds } s
peer-takes-too-little = it took less than { $size } in { $seconds } s
peer-tls = TLS failed ({ $why })
peer-needs-tls = it does not speak TLS, and this port speaks nothing else
peer-has-no-tls = it speaks TLS, and this port does not
peer-needs-secret = it shows no secret, and the cluster is closed
peer-old-in-closed = it uses the protocol of 2017, which does not work in a closed cluster
peer-wrong-secret = wrong secret
peer-not-administrator = asked for the audit trail without the administrator's password
peer-not-signed = what it says of an account is not signed for this connection
peer-other-protocol = it speaks version { $theirs } of the protocol, and this program version { $ours }
peer-line-too-long = it sent a line of over { $size }
peer-not-a-message = it sent something that is not a message of this protocol
peer-unexpected = it sent an unexpected message
peer-number-too-high = it is secondary { $number }, and only 1 to { $most } are allowed; to let it in, start the central with --secondaries { $number }
peer-nameless = it did not say its name
peer-no-place = there are { $count } connections already, and there is room for no more
peer-gave-way = dropped to make room: it was idle, or its owner had the most connections
peer-no-descriptor = this program cannot open any more files or connections: raise its limit (ulimit -n)
peer-too-many-chunks = it requested chunk { $chunk } twice, or more than { $count } at once
peer-no-such-chunks = it requested chunk { $chunk } and over { $count } that the file does not have
peer-not-held = it requested { $file }, which is not here
peer-others-transfer = transfer { $transfer } belongs to another receiver or another file
peer-expelled = the administrator has expelled it
peer-part-too-large = part { $part } is { $size }, and its protocol takes at most { $most }
peer-gone = it hung up halfway ({ $why })
peer-internal = a fault of this program ({ $why })
no-randomness = the system provides no random numbers
other-protocol = the central speaks version { $theirs } of the protocol and this program version { $ours }: install the same version of trozos on all nodes
secondary-up = Secondary { $number } enrolled: it listens on { $address }
secondary-returned = Secondary { $number } is back: it listens on { $address }
secondary-goodbye = Secondary { $number } has stopped
secondary-closed = Secondary { $number } is down: connection lost
secondary-silent = Secondary { $number } is down: no signs of life
secondary-drained = Secondary { $number } is drained: it can be stopped
service-began = In service: all secondaries are up
secondary-takes-no-copies = Secondary { $number } takes no copies: its folder is read-only
secondary-takes-copies = Secondary { $number } takes copies of everything again
secondary-all-away = The disk of secondary { $number } is missing: it takes no copies until it is back
secondary-folders-away = A disk of secondary { $number } is missing: it takes no copies below { $folders } until it is back
level = In sync: all secondaries that are up hold the same, { $files }
no-secondaries = No secondaries are left: downloads wait for one to come back
offered = Offered: { $file } ({ $size })
offered-some = { $count } more files are offered, { $size }
no-longer-offered-deleted = No longer offered: { $file }: it was deleted on secondary { $number }, and the others set it aside
no-longer-offered = No longer offered: { $file }
conflict = Conflict: secondary { $number } has other content for { $file }; it is neither copied nor touched until you decide with RESOLVE (CONFLICTS shows it)
same-text = Conflict: there are two files spelt { $file }, one with its accents as separate characters (as a Mac stores them); both are offered until you delete or rename one (CONFLICTS shows them)
replaced = New version of { $file } ({ $size }) on secondary { $number }: the others copy it
resolved = Decided: { $file } has the chosen content from now on; other copies are set aside
copy-ordered = Secondary { $target } copies { $file } from { $count ->
    [one] secondary
   *[other] secondaries
} { $sources }
copy-ordered-many = Secondary { $target } copies { $count } files
copy-ended = Copy of { $file } on secondary { $target }: { $outcome }
copied-to-many = { $count } files copied to secondary { $target }, { $size }
client-enrolled = Client { $client } enrolled from { $address }
client-gone = Client { $client } has left
granted = Client { $client } downloads { $file } from { $count ->
    [one] secondary
   *[other] secondaries
} { $sources }
granted-many = Client { $client } downloads { $count } files
queued = Client { $client } is queued for { $file }, #{ $place } in line
queued-many = Client { $client } is queued for { $count } files
place-lent = Client { $client } receives nothing of { $file }: others use its slot until it does
place-lent-many = Client { $client } receives nothing of { $count } files: others use its slots until it does
finished = Download of { $file } by { $client }: { $outcome }
finished-many = Client { $client } has completed { $count } downloads, { $size }
cancelled-many = Client { $client } has cancelled { $count } downloads
copy-damaged = Secondary { $number } has a damaged copy of { $file } and does not serve it: { $others ->
    [0] nobody else has it; it cannot be repaired until somebody with a good copy returns
   *[other] it is repaired from another copy
}
reported = { $by } reports secondary { $secondary }: { $why }
with-reason = { $what } ({ $reason })
told-no-sources = no secondary could send it
told-wrong-manifest = the digests in the catalogue are not that file's
told-disk = the receiver's disk: { $why }
told-exists = another file has that name
told-changed = the file changed while in use
told-disk-away = the disk mounted in that folder is missing
told-link = it is a symbolic link, which is not followed
told-broken = its program failed
told-other = its reason: “{ $words }”
to-client = to client { $name }
to-original = to the original client { $name }
to-http = by HTTP to { $address }
to-secondary = to secondary { $number }
the-client = Client { $name }
the-original = Original client { $name }
the-secondary = Secondary { $number }
the-http = Whoever downloads by HTTP from { $address }
outcome-complete = complete and verified
outcome-already = already complete
outcome-failed = failed
outcome-cancelled = cancelled
system-no-service = { $required ->
    [one] No service: the secondary is missing
   *[other] No service: { $alive } of { $required } secondaries; it begins once all are up, and then one is enough
}
system-copying = In service; copying between secondaries
system-level = In service, in sync
system-lacking = In service, not in sync: { $what }
system-degraded = Degraded: { $what }
lacking-secondaries = { $alive } of { $required ->
    [one] 1 secondary
   *[other] { $required } secondaries
}
lacking-copies = { $count ->
    [one] 1 copy is missing
   *[other] { $count } copies are missing
}
lacking-conflicts = { $count ->
    [one] 1 conflict ({ $conflicts } shows it)
   *[other] { $count } conflicts ({ $conflicts } shows them)
}
lacking-changing = { $count ->
    [one] 1 file is being changed
   *[other] { $count } files are being changed
}
at-central = { $command } at the central
no-conflicts = There are no conflicts
conflicts-remedy = { $resolve } <name> <#> decides which one counts; or delete, or rename, one of the copies
conflict-offered = yes
conflict-here = Conflict: { $file } has different contents: { $versions }. Decide with RESOLVE at the central, or delete or rename one of the copies
conflict-version = { $size } of { $date } ({ $id }), on { $count ->
    [one] secondary
   *[other] secondaries
} { $secondaries }
conflict-decided = The conflict about { $file } is decided
no-conflict = { $file } is not in conflict
no-such-file = There is no { $file }; { $conflicts } shows the names in conflict
no-such-choice = { $file } has no content { $choice }: choose { $choices }
downloads-running = { $count ->
    [one] 1 download running
   *[other] { $count } downloads running
}
downloads-waiting = { $count } queued
copies-running = { $count ->
    [one] 1 copy running
   *[other] { $count } copies running
}
condition-up = up
condition-read-only = read-only
condition-away = a disk is missing
condition-down = down
condition-draining = draining
no-clients = There are no clients
queue-empty = The queue is empty
expelled = { $count ->
    [one] Expelled { $name }
   *[other] Expelled { $name }: { $count } connections
}
no-such-client = There is no client “{ $name }”: { $clients } lists them
draining = Secondary { $number } finishes its transfers and takes no new ones; { $drain } { $number } OFF undoes it
not-draining = Secondary { $number } is back in service
was-not-draining = Secondary { $number } was not draining
no-such-secondary = No secondary { $number } is enrolled: { $secondaries } lists them
original-client = original
no = no

## A secondary

enrolled = Enrolled with the central { $central }
enrolled-again = Enrolled again with the central { $central }
number-held-by = Number { $number } belongs to another secondary, which listens on { $address }: waiting up to { $time } in case it is gone
number-held = Number { $number } belongs to another secondary: waiting up to { $time } in case it is gone
upstream-lost = No connection to the central ({ $reason }): retrying automatically
folder-read = Folder read: { $files ->
    [0] empty; files that you copy into it are offered automatically
    [one] 1 file, { $size }
   *[other] { $files } files, { $size }
}
reindexing = Reading the whole folder again
serving = Serving { $file } ({ $size })
serving-many = Serving { $count } more files, { $size }
no-longer-serving = No longer serving { $file }: { $why }
no-longer-serving-many = No longer serving { $count } files: { $why }
gone-deleted = it was deleted
gone-changed = it changed or cannot be read
gone-withdrawn = it was deleted on another secondary, and cannot be moved away here
gone-set-aside = it was deleted on another secondary; this copy is in .trozos/retirados
gone-altered = it is damaged on the disk
file-damaged = { $file } is damaged on the disk: its content has changed, though size and date have not. It is repaired as soon as another secondary has it; the damaged copy goes to .trozos/retirados
gone-replaced = there is a newer version; this one is in .trozos/retirados
gone-resolved = somebody chose the other content; this one is in .trozos/retirados
gone-damaged = it was damaged on the disk; it is in .trozos/retirados
retired-none = Nothing is set aside
retired-files = { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $size }
retired-total = In .trozos/retirados: { $what }. { $recover } <n> brings one back; { $empty } <n>, or *, deletes them for good
retired-deleted = deleted on another secondary
retired-replaced = there is a newer version
retired-resolved = another content was chosen
retired-damaged = damaged on the disk
retired-by-hand = unknown
retired-goes = { $file } ({ $size })
retired-more = … and { $files } more
retired-confirm = About to delete for good: { $what }. Type YES to do it; anything else keeps them
retired-gone = Deleted for good: { $what }
retired-no-such = Nothing with the number { $number } is set aside: { $retired } lists what is
retired-recovered = Brought back: { $file }
not-served = Not serving { $path }: { $why }
not-served-many = Not serving { $count ->
    [one] one more name
   *[other] { $count } more names
 }, among them { $examples }: { $why }
copy-started = Copying { $file } ({ $size }) from { $count ->
    [one] secondary
   *[other] secondaries
} { $sources }
copy-started-many = Copying { $count } files, { $size }
copy-notice = Copy of { $file }: { $what }
copied = Copied and verified: { $file }
copied-many = { $count } files copied and verified, { $size }
copied-in = Copied and verified: { $file } in { $time }: { $shares }
copied-from-disk = Copied and verified: { $file }, { $share }
copied-own = { $size } from this disk
copied-share = { $size } from secondary { $number }
copy-failed = The copy of { $file } could not be finished: { $why }
sending = Sending { $file } { $to }
sending-many = Sending { $count } files { $to }
sent = Sent { $size } of { $file } { $to }
sent-many = Sent { $size } of { $count } files { $to }
refused-for-good = The central no longer accepts this secondary: { $why }
being-written-by = { $file } will be offered once it is closed: { $program } (process { $process }) has it open for writing
being-written = { $file } will be offered once it is closed: somebody has it open for writing
bucket-gone = The bucket cannot be read: { $why }. Nothing in it is served until it answers
folder-gone = The folder cannot be read any more ({ $why }): nothing in it is served until it is back
disk-away = The disk of { $folder } is not mounted: nothing is served from there, and no copies are taken there, until it is; if it is gone for good, restart with --forget-disks
disk-back = The disk of { $folder } is mounted again
folder-read-only = The folder is read-only ({ $why }): it is served, but takes no copies
folder-writable = The folder is writable again: it takes copies
folder-back = The folder is back: reading it again
no-transfers = No transfers are running
row-sending = sending { $to }
row-copying = copying from { $sources }
secondary-status = Secondary { $number }: { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $size }, in { $folder }
secondary-central = Enrolled with the central { $central }
secondary-no-central = No connection to the central: retrying automatically
secondary-read-only = The folder is read-only: it is served, but takes no copies
secondary-away = A disk of the folder is missing: nothing on it is served, and no copies are taken there
secondary-indexing = The folder is being read
secondary-scrub = Scrub, once in { $every }: { $done } of { $total } in this round{ $damaged ->
    [0] {""}
    [one] , 1 damaged file
   *[other] , { $damaged } damaged files
}
secondary-scrubbed = The last scrub ended { $ago } ago: { $size }, { $damaged ->
    [0] no damage
    [one] 1 damaged file
   *[other] { $damaged } damaged files
}
scrub-ended = Everything was read again and compared with its digests ({ $size }): { $damaged ->
    [0] no damage
    [one] 1 file was damaged
   *[other] { $damaged } files were damaged
}
secondary-idle = It neither sends nor copies anything now
uploads-running = { $count ->
    [one] 1 upload running
   *[other] { $count } uploads running
}
connections = { $count ->
    [one] 1 connection
   *[other] { $count } connections
}
secondary-sent = { $sent } sent since it started
secondary-rate = now { $rate }
secondary-limit = upload limit: { $limit }
no-limit = none
at-end-failed = { $file }: the program of --on-complete failed, { $program }: { $why }
at-end-code = it ended with code { $code }
at-end-signal = it was ended by signal { $signal }
at-end-waiting = { $count ->
    [one] Waiting for the program of --on-complete; another Ctrl-C does not wait for it
   *[other] Waiting for { $count } programs of --on-complete; another Ctrl-C does not wait for them
}
limit-set = Upload limit: { $limit }
limit-set-download = Download limit: { $limit }
limit-changed = Upload limit from now on: { $limit }
limit-changed-download = Download limit from now on: { $limit }
limit-until = { $limit } until { $time }
limit-until-day = { $limit } until { $day } { $time }
limit-timetable = { $line } (timetable: { $timetable })
weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday

## Errors

start-port-in-use = port { $port } is in use ({ $address }): choose another with --port, or 0 for a free one
start-no-such-host = “{ $host }” is not a name or address that this machine knows: check --ip and --advertised-ip
start-not-local = { $ip } is not an address of this machine: give --ip one that is, or 0.0.0.0 for all of them
start-port-denied = listening on { $address } is not allowed: choose one of 1024 or more with --port
start-listen = cannot listen on { $address }: { $why }
etcd-not-built = this build has no client of etcd, which several centrals need: build it with the feature "etcd", or run one central without
etcd-none = no member of etcd is given
etcd-address = "{ $given }" is no member of etcd: write http://host:port or https://host:port
etcd-authority = { $given } is reached by TLS: give the authority's certificate
etcd-silent = No member of etcd answers ({ $members }): start them, or check their addresses
etcd-foreign = What etcd has there ({ $members }) is not the journal of centrals
etcd-fills = The database of etcd takes { $bytes } by now; unless it was told otherwise, it takes nothing more at { $quota }. Compact it (etcdctl defrag), or raise quota-backend-bytes
etcd-full = etcd has no room and takes nothing: orders and new downloads wait. Make room (etcdctl defrag and etcdctl alarm disarm), or raise quota-backend-bytes
etcd-later = the journal in etcd is of a later version of this program (format { $version }); start that one
etcd-other-cluster = { $path } is the journal of another cluster ({ $own }); etcd has that of { $theirs }. To join this one, move the file away; to bring your own, give the central an empty etcd or another --group
etcd-certificates = the certificates for etcd cannot be used: { $why }
start-number-in-use = number { $number } belongs to another secondary that is up: choose another with --number, or stop that one
start-number-in-use-by = number { $number } belongs to another secondary that is up and listens on { $address }: choose another with --number, or stop that one
start-refused = the central does not accept this secondary: { $why }
store-nowhere = { $path }: the working folder is gone: go to another (`cd`), or give absolute paths
store-not-found = { $path }: does not exist
store-denied = { $path }: permission denied; change its permissions or choose another folder
store-read-only = { $path }: on a read-only disk; choose another folder
store-disk-away = { $path }: its disk is not mounted; mount it, or restart with --forget-disks if it is gone for good
store-full = { $path }: no space left on the disk, or not enough for all of it; free some and request it again: verified data is kept
store-not-folder = { $path }: not a folder; choose another
store-exists = { $path }: already exists with other content and is not touched; move it, use --overwrite or, if it is a damaged copy, { $verify } repairs it
store-busy = { $path }: another process is working with it
store-changed = { $path }: changed while in use
store-too-large = { $path }: too large for this disk
store-no-descriptor = { $path }: too many open files; raise the limit with “ulimit -n” and start again
store-not-a-file = { $path }: a folder or something else that is not a regular file is there; move it away or choose another folder with --destination
store-link = { $path }: it, or its folder, is a symbolic link, which is not followed; download to where the link leads
bucket-address = { $path } is not the address of a bucket: write it as s3://bucket/prefix, az://container/prefix or gs://bucket/prefix, without keys
bucket-not-in-build = { $path }: this program was built without object stores; build it with the feature object-store, or give a folder
bucket-plain-http = { $path }: its endpoint is plain http, unencrypted; if that is what you want, set AWS_ALLOW_HTTP=true in the environment (or that store's variable), or use https
bucket-missing = { $path }: there is no such bucket; create it, or check its name, AWS_REGION and AWS_ENDPOINT_URL
bucket-credentials = { $path }: credentials are missing, or the store does not accept them; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment (or that store's variables), and check this machine's clock
bucket-denied = { $path }: those credentials are not permitted to do that; listing, reading, writing and deleting in that bucket are needed, and only listing and reading to serve it
bucket-unreachable = { $path }: the store does not answer ({ $why }); check the network and AWS_ENDPOINT_URL. It is tried again
bucket-failed = { $path }: the store fails ({ $why }). It is tried again; if that does not pass, look at its state and its logs
store-other = { $path }: { $why }
statistics-since = Since { $time }
statistics-downloads = downloads
statistics-copies = copies
statistics-copies-to = to secondary { $number }
statistics-from = from secondary { $number }
statistics-again = { $count ->
    [one] 1 chunk requested again
   *[other] { $count } chunks requested again
}
statistics-twice = { $count ->
    [one] 1 requested twice
   *[other] { $count } requested twice
}
statistics-returns = { $count ->
    [one] 1 secondary came back
   *[other] { $count } secondaries came back
}
statistics-own = Taken from the receiver's own disk: { $size }
statistics-faults = Faults of secondaries: { $faults }
statistics-fault = { $why }: { $count }
statistics-refused = Refused connections: { $codes }
statistics-all = All figures, as they will be saved at the end: { $statistics } JSON
statistics-set-aside = Statistics: { $path } cannot be understood ({ $why }) and is kept as { $to }; starting from scratch
statistics-in-use = Statistics: another process is using { $path }; this one's figures go to { $instead }
statistics-failed = Statistics: { $why }
damage-too-large = it is { $size }
damage-cut = it ends at line { $line }, column { $column }
damage-syntax = not JSON at line { $line }, column { $column }
damage-content = of another version, or changed by somebody
damage-content-at = of another version or changed by somebody, at line { $line }, column { $column }
ignored-not-utf8 = its name is not UTF-8
ignored-name = its name cannot be requested: { $why }
ignored-symlink = it is a symbolic link
ignored-not-a-file = it is not a regular file
ignored-too-deep = it is below too many folders
ignored-too-large = it is larger than 16 TiB
ignored-too-many = there are too many files
ignored-unreadable = it cannot be read: { $why }
refused-not-ready = no service yet: secondaries are missing; wait a little
refused-not-found = no secondary that is up has such a file
refused-protocol = the central speaks another version of the protocol: install the same version of trozos on all nodes
refused-bad-message = the central does not understand what it was told: make sure that all nodes are of the same version
refused-number-in-use = another secondary that is up has this number: give each its own with --number, or stop that one
refused-number-in-use-by = another secondary that is up, on { $address }, has this number: give each its own with --number, or stop that one
refused-number-above = the central allows the numbers 1 to { $most }: start it with --secondaries { $number }, or use another number
refused-number-not-allowed = the number is above what the central allows: give all nodes the same --secondaries
refused-no-such-content = the secondary does not hold that content any more: asking another
refused-file-changed = the file changed while in use: wait until it has been read again
refused-read-failed = the other node could not read its disk: see its log
refused-not-active = that central is on standby, and none is active now: retrying automatically
refused-not-active-but = that central is on standby: the active one is { $address }, and it does not answer
refused-stopping = the central is shutting down, or this node has opened a newer connection: reconnecting
refused-timed-out = the central heard nothing from this node in time: check the network and the load of both machines
refused-administrator = only for administrators: the password is wrong, or the central was started without { $flag }
refused-name-taken = that name is taken, or one that looks like it, or it was given up less than { $days } days ago: choose another
refused-bad-name = an account's name has 1 to { $most } letters of one script, digits, . _ or -, first a letter, and is none of those that mean a part of the cluster
refused-registration-closed = this central has no accounts
refused-not-connected = you are not connected to an account: { $connect }
refused-unknown-account = there is no such account; { $register } makes one
refused-wrong-key = the account has no key of this device: with a code from { $code }, { $connect } lets it in
refused-name-registered = that name is an account's, or looks like one: { $connect } if it is yours, or choose another
refused-internal = the central had a fault of its own: see its log
refused-unknown = the central refuses for a reason that this version does not know: “{ $words }”
limit-connections = the central already has { $count } connections and accepts no more: wait a little
limit-share = another connection needed this one's place: wait a little, or use fewer programs at once on this machine
limit-descriptors = the other node cannot open anything more: raise its limit of open files (ulimit -n)
limit-downloads = this client has already requested { $count } downloads: wait until one has ended
limit-waiting = { $count } downloads are already queued: wait until there are fewer
limit-files = this secondary has more than { $count } files: share them out, or keep small ones together in an archive
limit-folders = more than { $count } of its folders take no copies: make sure that all nodes are of the same version
limit-chunks = more than { $count } chunks were requested at once: make sure that all nodes are of the same version
limit-accounts = the cluster has its { $count } accounts
limit-registrations = { $count } accounts were registered from this address within an hour: wait, or use one of them
limit-devices = the account has its { $count } devices: an administrator can remove one
limit-other = there are too many requests: wait, or request less at once
refused-expelled = the administrator has expelled you: wait a minute before you come back
client-not-enrolled = you are not enrolled yet: type ENROL <name> first
client-not-ready = no service yet: secondaries are missing ({ $status } says how many); request it again once there is
client-not-found = there is no such file: { $list } shows those that there are
client-unreachable = cannot connect to the central ({ $why }); retrying automatically
client-running = already being downloaded: it is download { $number }
client-stopped = the client is shutting down
client-no-account = you have no account in this cluster; { $register } makes one
client-identity = the keys of your accounts cannot be kept: { $why }
account-signed-in = you are { $name }
account-signed-out = you are not { $account } any more: the account was closed, or its devices were changed. You are the guest { $name }
account-refused = you are a guest, not { $name }: { $why }
room-unread = { $room }: { $count ->
        [one] one unread message
       *[other] { $count } unread messages
    }
room-entered = You are in { $room }: { $people ->
        [one] nobody else is
       *[other] { $people } of you
    }
room-entered-waits = You are in { $room }: { $people } of { $needed }; what is said appears once all are in
room-here = You are in { $room }
room-none = you are in no room: { $enter } <name> enters one
room-left = You have left { $room }
room-no-history = Nothing has been said here yet
room-inside = yes
room-ephemeral = ephemeral
room-whole = with history
room-opens-with = opens with { $people }
no-rooms = There is no room: { $enter } <name> opens one
column-room = Room
column-people = People
column-inside = Inside
column-unread = Unread
column-messages = Messages
column-options = Kind
told-later = { $name } is not connected and gets it on return
channel-given = { $channel } { $number }, from { $from }: { $text } ({ $done } when finished)
channel-put = Job { $number }: somebody is listening
channel-put-alone = Job { $number }: nobody is listening yet, so it waits
channel-listens = You listen to { $channel }: { $count ->
        [0] no job is waiting
        [one] one job is waiting
       *[other] { $count } jobs are waiting
    }
channel-dead-too = { $count ->
        [one] one was set aside as nobody could finish it
       *[other] { $count } were set aside as nobody could finish them
    }
channel-rests = You no longer listen to { $channel }
channel-no-dead = No job has been set aside
channel-dead = { $number }, { $when }, from { $from }: { $text }
channel-nothing = you have no job: { $channel } <name> listens to a channel
channel-done = Job { $number }: done
channel-given-back = Job { $number }: it goes to another
refused-not-in-room = you are not in that room: { $room } <name> enters it
refused-not-yours = that job is no longer yours: it was finished, or went to another
refused-oneself = that would be telling yourself
refused-too-fast = too fast: wait a second
limit-rooms = that is too many rooms ({ $count }): leave one
limit-room-people = the room already has { $count } people
limit-channels = the cluster already has { $count } channels
limit-jobs = { $count } jobs are already waiting in the channel
why-room-name = a room name has up to { $most } characters and does not begin with “@”
why-room-text = a message is one line of up to { $most } bytes
why-room-count = it opens with 2 people or more, up to 1000
account-registered = the account { $name } is yours, and you are { $name } from now on: its key is on this device only
account-left = you are the guest { $name } until { $connect }
account-closed = the account is closed; nobody can have its name for { $days } days. You are the guest { $name }
account-rests = rests until { $until }
account-code = { $account } gets a new device with CONNECT { $account } { $code } within { $hours } hours, once
account-device-removed = { $account } has one device less; its clients sign in again
account-removed = the account { $account } is closed; its name rests, and { $free } { $account } frees it
account-freed = { $account } can be registered again
account-unknown = there is no account and no resting name { $account }
account-no-device = no key of { $account } begins like that, or several do
no-accounts = there are no accounts
no-users = nobody has an account
no-audit = nothing in the audit trail is like that
audit-missing = { $count ->
    [one] one line is missing: the central kept it no longer
   *[other] { $count } lines are missing: the central kept them no longer
}
audit-anew = the audit trail is another one: it is followed from its beginning
user-connected = connected
user-away = away
account = account
guest = guest
column-account = Account
column-since = Since
column-connections = Connected
column-devices = Devices
column-code = Code until
actor-account = { $name }
actor-guest = { $name } (guest)
actor-legacy = { $name } (2017)
actor-http = { $host } (HTTP)
actor-secondary = secondary { $number }
actor-console = administrator (console)
actor-socket = administrator (socket)
actor-admin-http = administrator (HTTP)
actor-admin = administrator
bad-name-component = a name neither begins nor ends with “/”, nor has two in a row
bad-name-dot = neither a name nor its folders begin with a dot
bad-name-character = “{ $character }” is not allowed in a name
bad-name-line-feed = a line feed is not allowed in a name
bad-name-reserved = names that end in .part belong to unfinished downloads
bad-name-too-long = it is too long
bad-client-name = a name has 1 to 64 bytes, without “/”, “\”, “:” or control characters, and does not begin with a dot
line-unknown = Unknown command “{ $word }”. H lists them
line-unknown-near = Unknown command “{ $word }”: did you mean { $near }? H lists them
line-missing = Missing argument. Usage: { $usage }
line-too-much = One word too many: “{ $word }”. Usage: { $usage }
line-value = “{ $value }” is not valid: { $why }
why-download = it is neither the number nor the name of a download: STATUS lists them
why-priority = priorities are high, normal and low
why-secondary = it is not the number of a secondary
why-off = only OFF may follow, to undo it
why-json = only JSON may follow
why-retired = it is not the number of a file that was set aside: { $retired } lists them
why-choice = it is not the number of a row of { $conflicts }
why-rate = it is not a rate: write bytes per second, such as 500kB/s, 20MB/s or 1GiB/s
why-size = it is not a size: write bytes, such as 500kB, 20MB or 1GiB
why-time = it is not a time: write seconds, or 30s, 2m or 1h
why-range = write a number from { $least } to { $most }
why-own-address = write an address of this machine in the network, such as 192.168.1.20 or 192.168.1.20:8080
why-look = write how often, from 1s to 24h, such as 30s or 5m
why-quiet = that is too long: 24 hours at most
why-scrub = write how often, from 1m to 3650d, such as 7d or 12h, or no
column-central = central
column-behind = behind
column-term = term
central-by-itself = This central is the only one: it was started without --engine
central-active = reigns
central-limited = does not know
central-ready = ready
central-behind = catching up
migrated = { $to } reigns now
not-migrated-not-active = This central does not reign: give the order to the one that does
not-migrated-under-way = It is handing over already
not-migrated-to-itself = It reigns already
not-migrated-unknown = No central has that name: { $centrals } shows them
not-migrated-behind = The other central is not level yet: try again in a moment
not-migrated-silent = etcd does not answer: this central goes on
not-migrated-alone = No other central is there to take over
why-ttl = write 3s to 60s
why-limit = write a rate such as 20MB/s, or OFF to remove the limit
why-open-quote = a quote is not closed
why-limit-no-rate = the rate is missing: write, for example, 8:00-20:00 mon-fri 5MB/s
why-limit-hours = that is not a time span: write from when to when, such as 8:00-20:00 or 22:00-6:00
why-limit-no-time = it ends at the hour it begins: for the whole day, leave the hours out
why-limit-day = it is not a day of the week: write mon, tue, wed, thu, fri, sat or sun, or from one to another, such as mon-fri
why-limit-two = there is already a limit for the rest of the time: give the hours or days of this one, such as 8:00-20:00 5MB/s
why-limit-many = too many limits: { $most } at most
why-limit-low = that is too low: { $least } at least, as servers take whoever reads less for dead
why-limit-unit = that would be only { $rate }; give the unit: { $number }kB/s, { $number }MB/s or, if that is what you mean, { $number }B/s

## Security

open-cluster = WARNING: without a secret the cluster is open: anybody on the network can list and download, and any server can join. To close it: --secret-file
open-cluster-tls = WARNING: without a secret the cluster is open to anybody with a certificate, or to anybody at all without --tls-ca. To close it: --secret-file
no-tls = With a secret and without TLS: only those who know it get in, but content can be read on the network, and anyone in between can change what is said after the greeting. To close it: --tls-cert, --tls-key and --tls-ca
security-unreadable = { $path }: cannot be read: { $why }
security-exposed = { $path }: others can read it (permissions { $mode }). To prevent it: chmod 600 { $path }
security-empty = the secret is empty: give one of at least 16 bytes, or remove the variable or the flag
security-utf16 = the secret is UTF-16: save it again as UTF-8 in your editor
security-short = the secret has { $bytes } bytes and needs at least 16. A good one: head -c 32 /dev/urandom | base64 > secret
security-long = the secret has more than 4096 bytes: is it another file?
security-password = { $path }: an administrator's password has 8 to 4096 bytes, and this one { $bytes }
security-half-identity = --tls-cert and --tls-key go together: the certificate and its private key
security-half-secondary = a secondary answers and connects: with TLS it needs --tls-cert, --tls-key and --tls-ca
security-only-authority = --tls-ca asks whoever connects for a certificate, and for that the central needs its own: give --tls-cert and --tls-key too
security-only-identity = with --tls-cert there must be --tls-ca, to know which central to trust
tls-certificate = { $path }: not a certificate in PEM ({ $why })
tls-key = { $path }: not a private key in PEM ({ $why })
tls-pair = { $path }: the certificate and its key do not go together ({ $why })
tls-authority = { $path }: not usable as an authority ({ $why })
pem-nothing = there is none in the file
pem-cut = its end is missing
pem-damaged = it is damaged
pem-keys-differ = the key belongs to another certificate
tls-not-tls = the other side does not speak TLS
tls-theirs = its certificate is not valid: { $why }
tls-ours = it does not accept this node's certificate: { $why }
tls-gave-up = the other side gave up, with the TLS alert { $alert }
certificate-none-shown = none was shown
certificate-expired = it has expired
certificate-not-yet = it is not valid yet: check the clocks
certificate-unknown-issuer = another authority has signed it
certificate-wrong-name = it does not carry that name or address
certificate-wrong-purpose = it is for another use
certificate-bad-signature = the signature is not that authority's
certificate-revoked = its authority has revoked it
certificate-malformed = it is damaged
certificate-refused = it does not say why
made-new = Made in { $folder }: a new authority (ca.pem)
made-signed = Made in { $folder }, signed by the authority that was there
made-server = To server { $stem } copy { $secret }, ca.pem, { $stem }.pem and { $key }; start it with:
made-client = To each client copy { $secret }, ca.pem, { $stem }.pem and { $key }; start it with:
journal-foreign = { $path }: not a central's journal, and left alone; name another file with --journal
journal-incomplete = { $path }: a part of the journal is missing; it is that file, and those with its name and a number behind it. Put them back, or restore a copy with "videocentral journal restore"
journal-later = { $path }: written by a later version of this program (format { $version }); start that one, or restore a copy with "videocentral journal restore"
journal-damaged = { $path }: damaged at byte { $at }, after record { $seq }; { $follow } good records follow, so this is no write that was cut off. Restore a copy with "videocentral journal restore COPY { $path }", or keep what is before the damage with "videocentral journal restore { $path } { $path }"
journal-not-understood = { $path }: record { $seq } is whole and cannot be understood: "{ $words }"
journal-good = { $path }: good up to record { $seq }; facts since the last snapshot: { $entries }; digest { $digest }
journal-has-cut = A write that was cut off follows, of { $bytes }: it will be taken away at the next start
journal-restored = { $path }: restored up to record { $seq }
journal-restored-lost = Good records that came after the damage and are not in it: { $lost }
journal-restored-before = The journal that was there is { $path } now
journal-busy = the disk or etcd does not keep up with the journal of { $program }, and whatever is ordered would have to wait: try again in a while, and check the disk
journal-cut = { $path }: the last record was cut off ({ $bytes }) when the machine stopped; nobody had heard of it, and it was taken away
made-names = CENTRAL and the addresses of the secondaries must be among the names of their certificates.
made-keep = Never copy { $key }: whoever has it can make certificates. All of it expires after 10 years.
made-engine = Made in { $folder }: an authority for etcd alone (ca.pem), with which nobody else signs
made-engine-member = To member { $stem }, into /etc/etcd, copy ca.pem, { $stem }.pem and { $key }, readable for the user etcd, and its settings:
made-engine-central = To each central copy ca.pem, { $stem }.pem and { $key }; start it with these as well:
made-engine-keep = Whoever has { $key }, or a central's certificate and key, can pose as a central. All of it expires after 10 years.
certificate-exists = { $path }: already exists and is not touched; delete it if you want it made again, or give another folder
certificate-io = { $path }: { $why }
certificate-name = “{ $name }” is neither a host name nor an address: write --node 10.0.0.2, or --node central.lan,10.0.0.2
certificate-authority = { $path }: the authority there is not usable ({ $why }): give another folder, or bring back ca.pem and its key
authority-missing = this file is missing
authority-key = it is not a private key
authority-no-pair = certificate and key are not of the same authority, or not made by this program
certificate-crypto = the certificates could not be made: “{ $words }”
denied-secret-required = the central asks for a secret: give its own with --secret-file, or in TROZOS_SECRET
denied-no-secret-there = the central uses no secret, and this node does: it may not be yours. Start the central with --secret-file, or this node without it
denied-wrong-secret = the secret is not the central's: compare the files of --secret-file
denied-tls-required = the central speaks TLS only: give --tls-ca, and --tls-cert with --tls-key if it asks for a certificate
denied-not-tls = the central does not speak TLS: start it with --tls-cert and --tls-key, or this node without --tls-ca
denied-theirs = the central's certificate is not valid ({ $why }): make sure that the authority of --tls-ca has signed it, that it carries the name or address that you connect to, and that it has not expired
denied-ours = the central does not accept this node's certificate ({ $why }): give --tls-cert and --tls-key, signed by the cluster's authority and not expired
denied-tls-other = could not establish TLS with the central: { $why }
you-are-expelled = The administrator has expelled you: your downloads end; you can come back in a minute

## videolocal

local-level = In sync: { $secondaries ->
    [one] the secondary holds
   *[other] all { $secondaries } secondaries hold
} { $files ->
    [0] the same, no files yet
    [one] the same file
   *[other] the same { $files } files
}
local-empty = No files yet: copy some into { $folder }
local-waiting = Waiting: { $alive }
local-waiting-copies = Waiting: { $alive }; { $copies } missing
local-not-level = the secondaries do not get in sync: check { $folder }
local-no-ports = --secondaries-port: there are not that many ports
local-no-central-ports = --port: there are not that many ports
local-no-etcd = --centrals needs etcd, which keeps what the centrals know, and it is not in the PATH. On Debian and Ubuntu: apt install etcd-server
local-etcd-in-use = { $path }: in use by another videolocal that is running; with --statistics this one can have its own
local-cannot-make = { $path }: cannot be created
local-cannot-write = { $path }: cannot be written
local-cannot-start = the process cannot be started
local-does-not-start = { $who } does not start: { $why }
local-does-not-start-status = { $who } does not start ({ $status }): { $why }
local-exit-code = code { $code }
local-exit-signal = signal { $signal }
local-no-such-node = There is no { $who }: write 1 to { $most }, or C for the central
local-no-such-node-of = There is no { $who }: NODES shows them all
local-nobody-reigns = No central reigns at this moment
local-is-frozen = frozen: THAW { $node } resumes it
local-not-running = not running: RAISE starts it
local-no-longer-running = no longer running: RAISE starts it
local-running = already running (process { $process })
local-no-process = a process without a number
local-central = central
local-central-of = central { $name }
local-member = etcd { $name }
local-secondary = secondary { $number }
local-the = The { $who }: { $why }
local-dead = down
local-frozen = frozen
local-alive = up
local-killed = Killed { $who } (process { $process })
local-froze = Froze { $who } (process { $process })
local-thawed = Thawed { $who } (process { $process })
local-raised = Started { $who } (process { $process }, port { $port })
why-account = NEW makes a code for a new device, REMOVE and the first digits of its key take one away, DELETE ends the account
why-audit = filters are who=, what=, file=, since=, until= and after=, and a number of lines
why-moment = a moment is 2h or 30m ago, 2026-11-30 or 2026-11-30T08:00
why-node = write the number of a secondary, C for the central, or C1, C2, E1… if there are several centrals
demo-well = Demo finished: every byte matches
demo-nothing = there is no file to download
demo-too-fast = the download finished before the last fault: try a lower --upload-limit
demo-not-downloaded = the download ended without downloading
demo-endless = the download does not end
demo-kill = *** SIGKILL to secondary { $number } (process { $process })
demo-raise = *** Raising secondary { $number } (process { $process }, port { $port })
demo-nowhere = { $name }: no secondary has it
demo-differs = { $name }: the bytes are not the same
demo-compared = Compared by SHA-256, file by file, with the disks of the secondaries:
demo-sent = What each secondary sent of { $file }:
demo-cost = Cost of the faults: { $chunks }, { $wasted } duplicate ({ $share } of the file), { $without } without a secondary; { $time } in all
demo-folder = All of it is in { $folder } and is deleted at the end; with --folder FOLDER it stays
demo-making = Creating { $path } ({ $size })

## Commands: what they do, how they are written, an example

help-system = System
help-files = Files
help-downloads = Downloads
help-transfers = Uploads and copies
help-folder = Folder
help-decisions = Decisions
help-accounts = Accounts
help-processes = Processes
help-rest = Also
help-more = HELP <command> shows an example; commands work in lower case and in Spanish too
help-example = Example: { $example }
help-names = Names: { $names }
command-help = shows this help, or that of a command
    .usage = HELP [command]
    .example = HELP GET
command-quit = quits and saves the statistics (Ctrl-D too)
    .usage = QUIT
    .example = QUIT
command-enrol = chooses your name; without it, it is user@host
    .usage = ENROL <name>
    .example = ENROL ana
command-name = shows your name, or changes it
    .usage = NAME [name]
    .example = NAME ana
command-list = the files that can be downloaded
    .usage = LIST [pattern]
    .example = LIST
command-search = files with this text in their name; takes * and ?
    .usage = SEARCH <text>
    .example = SEARCH season 2
command-download = downloads files in the background; takes * and ?
    .usage = GET <name>…
    .example = GET film.mp4 "series/episode *"
    .more = A folder, such as series/, means all that is in it; a number is that of the last list
command-client-status = your downloads and the state of the system
    .usage = STATUS
    .example = STATUS
command-detail = a download chunk by chunk, and who brought each
    .usage = DETAIL <n|name>
    .example = DETAIL 1
command-pause = pauses a download; verified data is kept
    .usage = PAUSE <n|name|*>…
    .example = PAUSE 1
command-resume = resumes paused, failed or cancelled downloads
    .usage = RESUME <n|name|*>…
    .example = RESUME 1
    .more = * leaves cancelled ones alone
command-cancel = cancels a download; verified data is kept
    .usage = CANCEL <n|name|*>…
    .example = CANCEL 1
command-priority = high, normal or low: higher ones go first
    .usage = PRIORITY <n>… <level>
    .example = PRIORITY 2 high
    .more = Takes numbers, names and *; those of lower priority wait
command-verify = compares what was downloaded; mends what is bad
    .usage = VERIFY <name|*>…
    .example = VERIFY film.mp4
    .more = Compares chunk by chunk with what the cluster has, and requests only the bad chunks again
command-watch = an address to watch a file at while it downloads
    .usage = WATCH <name>…
    .example = WATCH film.mp4
    .more = Nothing is kept on disk, and CANCEL closes it
command-room = enters a room, or opens it
    .usage = ROOM [<name>]
    .example = ROOM film.mp4
    .more = The room of a file has its name. Who enters gets what is said from then on, once and in order, also what is said while away. --ephemeral keeps nothing; --history gives newcomers all that is kept; --opens-with 5 shows everything once five are in. It takes an account
command-say = says something in the room
    .usage = SAY <text>
    .example = SAY shall we start?
command-tell = says something to one person
    .usage = TO <account> <text>
    .example = TO ana it is uploaded
    .more = Who is not connected gets it on return
command-rooms = the rooms, and what you have not read
    .usage = ROOMS
    .example = ROOMS
command-room-history = the last things said in the room
    .usage = HISTORY [<room>]
    .example = HISTORY
command-leave = leaves a room
    .usage = LEAVE [<room>]
    .example = LEAVE
command-channel = listens to a channel: each job goes to one
    .usage = CHANNEL <name> [NO]
    .example = CHANNEL tasks
    .more = You have one job at a time, and a minute to finish it with DONE; otherwise it goes to another, and after three tries it is set aside. CHANNEL tasks DEAD shows those
command-put = puts a job into a channel
    .usage = PUT <channel> <text>
    .example = PUT tasks check disk 3
command-done = finishes the job you have
    .usage = DONE [NO]
    .example = DONE
    .more = DONE NO gives it to another
command-register = makes your account, with a key on this device
    .usage = REGISTER <name>
    .example = REGISTER ana
    .more = Only who has the key has the name; it is kept in ~/.config/trozos/identidad
command-connect = is your account again
    .usage = CONNECT [name] [code]
    .example = CONNECT ana
    .more = A code of the administrator's lets a device in that has no key
command-disconnect = leaves the account: you are a guest
    .usage = DISCONNECT
    .example = DISCONNECT
command-unregister = closes your account
    .usage = UNREGISTER
    .example = UNREGISTER
    .more = Its name rests for 90 days
command-users = who has an account, and who is here
    .usage = LIST_USERS [text]
    .example = LIST_USERS an
command-per-file = complete downloads of each file
    .usage = DOWNLOADS
    .example = DOWNLOADS
command-per-client = complete downloads of each client
    .usage = CLIENT_DOWNLOADS
    .example = CLIENT_DOWNLOADS
command-central-status = the state of the system
    .usage = STATUS
    .example = STATUS
command-secondaries = state, address, files and uploads of each
    .usage = SECONDARIES
    .example = SECONDARIES
    .more = Also when they expire, what they lack and their conflicts
command-clients = the connected clients
    .usage = CLIENTS
    .example = CLIENTS
command-queue = the queued downloads, in order
    .usage = QUEUE
    .example = QUEUE
command-expel = disconnects a client, which may return in a minute
    .usage = EXPEL <client>
    .example = EXPEL ana
command-accounts = the accounts and their devices
    .usage = ACCOUNTS
    .example = ACCOUNTS
command-account = an account, or a code for another device
    .usage = ACCOUNT <name> [action]
    .example = ACCOUNT ana NEW
    .more = NEW makes a code for another device, REMOVE and a key take one away, DELETE closes it
command-free-name = frees the name of a closed account
    .usage = RELEASE <name>
    .example = RELEASE ana
command-audit = who did what, and when
    .usage = AUDIT [filter]… [n]
    .example = AUDIT who=ana since=2h 20
    .more = Filters are who=, what=, file=, since=, until= and after=; with JSON, a document a line
command-drain = makes a secondary ready to be stopped; OFF undoes it
    .usage = DRAIN <n|*>… [OFF]
    .example = DRAIN 2
    .more = A drained secondary finishes its uploads and its copies and takes no new ones
command-centrals = the centrals of the cluster, and which of them reigns
    .usage = CENTRALS
    .example = CENTRALS
command-migrate = has another central reign
    .usage = MIGRATE [NODE]
    .example = MIGRATE c2
    .more = Downloads go on, and nobody has to ask again; without a name the central that is furthest takes over
command-conflicts = the names with several contents; JSON, with all
    .usage = CONFLICTS [JSON]
    .example = CONFLICTS
    .more = Of each content its size, its date and who holds it
command-resolve = decides which content counts; others are set aside
    .usage = RESOLVE <name> <n>
    .example = RESOLVE plan.txt 2
    .more = The number is that of the row of CONFLICTS
command-statistics = the main figures; with JSON, all of them
    .usage = STATISTICS [JSON]
    .example = STATISTICS
command-transfers = running uploads and copies
    .usage = TRANSFERS
    .example = TRANSFERS
command-taken-part = complete downloads in which it took part, by file
    .usage = DOWNLOADS
    .example = DOWNLOADS
command-secondary-status = what it serves, what it sends and how fast
    .usage = STATUS
    .example = STATUS
command-reindex = reads the folder again, trusting nothing it knew
    .usage = REINDEX
    .example = REINDEX
command-retired = what was set aside from the folder and is still kept
    .usage = RETIRED [JSON]
    .example = RETIRED
    .more = With JSON, for programs
command-recover = brings back a file that was set aside
    .usage = RECOVER <n|*>…
    .example = RECOVER 3
    .more = Under its name or, when another has that, a new one
command-empty = deletes for good what was set aside; asks for a YES
    .usage = EMPTY [n…|*]
    .example = EMPTY *
command-limit = upload limit per second; OFF removes it
    .usage = LIMIT [<rate|OFF>]
    .example = LIMIT 20MB/s
    .more = From now on, or by a timetable; alone, it shows it
command-download-limit = limit of what is received; OFF removes it
    .usage = DOWNLOAD_LIMIT [<rate|OFF>]
    .example = DOWNLOAD_LIMIT 20MB/s, 8:00-20:00 mon-fri 5MB/s
    .more = Of all downloads together, from now on, or by a timetable; alone, it shows it
command-kill = kills a secondary's process; C, the central's
    .usage = KILL <n|C|*>…
    .example = KILL 2
    .more = With SIGKILL, without telling it. With several centrals, C is the one that reigns, C1 and C2 are each of them, and E1 to E3 those of etcd
command-freeze = stops a secondary suddenly; C, the central
    .usage = FREEZE <n|C|*>…
    .example = FREEZE 2
    .more = With SIGSTOP, without telling it
command-thaw = resumes a frozen one; C, the central
    .usage = THAW <n|C|*>…
    .example = THAW 2
    .more = With SIGCONT
command-raise = restarts one that is down; C, the central
    .usage = RAISE <n|C|*>…
    .example = RAISE 2
    .more = On the same port
command-nodes = the processes, with their ports and folders
    .usage = NODES
    .example = NODES

## Command lines

about-videocentral = The central: knows which files there are and who has them, and shares out the downloads.
about-videocentral-diario = Shows or checks the journal of a central that is stopped, or restores it from a copy
about-videocentral-auditor = Follows the audit trail of a central over the network, a JSON document a line
about-videocentral-certificados = Makes a private authority, a certificate for each server, one for the clients, and a secret
about-videocentral-certificados-motor = Makes an authority, and certificates and settings for the members of etcd in which several centrals keep their journal
about-videosecundario = A secondary: keeps verified copies of the files and sends them.
about-videocliente = A client: downloads files from all secondaries at once.
about-videocliente-listar = The files that can be downloaded
about-videocliente-descargar = Downloads files and waits until they finish
about-videocliente-verificar = Compares downloaded files with the cluster's and requests only the bad chunks again
about-videocliente-enlace = Addresses to open files in a player; they work for some hours without the secret
about-videocliente-ver = Gives an address at which a player shows a file while it downloads
about-videocliente-estado = The state of the cluster
about-videocliente-registrar = Makes an account, which this user is from then on
about-videocliente-conectar = Is an account from then on; a code lets this device in
about-videocliente-desconectar = Is a guest from then on
about-videocliente-baja = Closes this user's account
about-videocliente-usuarios = The accounts, and who is connected
about-videolocal = A central and its secondaries on this machine, as real processes, with a client's prompt.
heading-usage = Usage
heading-options = Options
heading-arguments = Arguments
heading-commands = Commands
heading-general = General
heading-security = Security
heading-downloads = Downloads
heading-mirror = Mirror
heading-watching = Watching
heading-output = Output
manual-title = trozos manual
manual-name = NAME
manual-synopsis = SYNOPSIS
manual-description = DESCRIPTION
manual-notes = NOTES
manual-version = VERSION
manual-prompt = PROMPT COMMANDS
manual-prompt-about = What is typed at the prompt, in capitals or small letters; HELP gives the other names of each command.
manual-exit = EXIT STATUS
manual-exit-well = All went well.
manual-exit-failed = Something that was asked for could not be done.
manual-exit-usage = The command line or the configuration is wrong.
manual-exit-unreachable = The central cannot be reached, or does not let this program in.
manual-exit-no-server = For orders to a server: none that takes them from this user is running.
manual-exit-not-found = There is no such file.
manual-exit-no-such = For orders to a server: there is no such secondary, client, file or number.
manual-exit-verification = What was received, or what is on the disk, is not what the cluster has, and could not be repaired.
manual-exit-interrupted = A signal ended it.
manual-files = FILES
manual-file-statistics = The statistics, in JSON; --statistics names the folder.
manual-file-served = What the secondary keeps for itself in the folder that it serves: what it knows of its files and, in retirados, what was set aside.
manual-file-part = An unfinished download and its journal, from which it continues.
manual-file-names = The last names that a shell completed.
manual-file-config = Configuration of each user.
manual-file-config-machine = Configuration of the machine, for users without one of their own.
manual-file-history = What was typed at the prompt.
manual-examples = EXAMPLES
manual-example-videocentral-1 = Service begins once both secondaries are there.
    .line = videocentral --secondaries 2
manual-example-videocentral-2 = The state of the central that is running, for a program.
    .line = videocentral status --json
manual-example-videosecundario-1 = Serves a folder as secondary 1.
    .line = videosecundario -n 1 --folder /srv/videos --central-ip 10.0.0.2
manual-example-videosecundario-2 = Limits what the running one sends.
    .line = videosecundario limit 20MB/s
manual-example-videocliente-1 = A prompt that downloads to a folder.
    .line = videocliente --central-ip 10.0.0.2 --destination ~/videos
manual-example-videocliente-2 = Downloads a file and a whole folder, and waits until they finish.
    .line = videocliente get pelicula.mp4 'serie/*'
manual-example-videocliente-3 = Extracts an archive as it arrives, with every chunk verified.
    .line = videocliente get copia.tar -o - | tar x
manual-example-videocliente-4 = The names of all files.
    .line = videocliente list --json | jq -r '.files[].name'
manual-example-videocliente-5 = Watches a film while it downloads, and keeps it.
    .line = videocliente watch film.mp4 --keep --player mpv
manual-example-videolocal-1 = The demonstration: makes samples, downloads, and kills secondaries halfway.
    .line = videolocal --demo
manual-example-videolocal-2 = A cluster of two secondaries to try; its files are in data/videos1 and data/videos2.
    .line = videolocal --secondaries 2
manual-example-videolocal-3 = Makes the completions and manual pages of all programs.
    .line = videolocal --generate made
manual-see-also = SEE ALSO
usage-options = OPTIONS
usage-command = COMMAND
help-sources =
    Each option can also be given in a variable (TROZOS_PORT…) or in the configuration file
    (port = …): --show-config shows them. Sizes and rates have units (20MB/s, 1GiB), and so have times (30s, 2m).
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
value-buscado = TEXT
value-codigo = CODE
value-programa = PROGRAM
flag-default = default: { $value }
flag-help = Shows this help
flag-version = Shows the version
flag-estadisticas = Statistics folder
flag-incluir = Only files that match (* and ? allowed); may be repeated
flag-excluir = Leaves out files that match; may be repeated
flag-espejo = Only what is missing or has another size, replacing what differs
flag-por-contenido = With --mirror: compare contents, not only sizes
flag-borrar = With --mirror: delete files of those folders that the system does not have
flag-ensayo = With --mirror: only say what would be done
flag-fichero = The file, or a pattern with * and ? that matches only one
flag-guardar = Also download all of it, as get does, even when the player is closed
flag-reproductor = The program that shows it, such as mpv or "vlc -f": it is given the address as its last argument, and when it is closed all ends. Without it the address is printed and nothing is opened
flag-servir-en = An address of this machine in the network, with or without a port, to watch on another one such as a TV; whoever does not know the whole address does not find it
flag-hasta-cerrar = End 10 seconds after the last player stops reading
flag-registro = Log level: error, warn, info, debug, trace, or a tracing filter
flag-registro-formato = Log format: text, or json for programs, one object per line; times are UTC
flag-registro-archivo = Log file, instead of stderr; a service opens it again on SIGHUP
flag-videolocal-registro-archivo = Log file, instead of stderr; the processes have others beside it: with a.log, a-central.log, a-secundario1.log…
flag-idioma = Language: es or en. Otherwise that of LC_ALL, LC_MESSAGES or LANG
flag-config = Configuration file; otherwise ~/.config/trozos/trozos.toml or /etc/trozos/trozos.toml
flag-mostrar-config = Shows every value and where it comes from, and exits
flag-clave-archivo = File with the cluster's secret, the same on all nodes; or the variable TROZOS_SECRET
flag-tls-cert = This node's certificate, in PEM
flag-tls-clave = Private key of that certificate, in PEM
flag-tls-ca = Authority that signs the cluster's certificates: others must present one signed by it
flag-ip = Name or address to listen on, with or without a port
flag-puerto = Port to listen on; 0 for a free one
flag-videosecundario-puerto = Port to listen on; 0 for a free one [default: 50000 + number]
flag-videolocal-puerto = Port of the central; with several, the others have the next ones. 0 for free ports
flag-centrales = How many centrals there are, 1 to 5: from 2 on, the one that reigns may die and another takes over. Needs etcd to be installed, and starts three members of it
flag-secundarios = How many secondaries there are: the highest number allowed, 1 to 64
flag-videocentral-secundarios = How many secondaries must enrol before service begins, 1 to 64
flag-max-clientes = Downloads at once, 1 to 10000; the others are queued
flag-cuentas = Whether people can have accounts, whose names take a key
flag-tras = Only lines after this number [default: after the last one in the file]
flag-cuenta = The account's name
flag-codigo = A code that an administrator has made with ACCOUNT, for a device without a key
flag-texto = Only those whose names have this in them
flag-videocentral-auditor-salida = File that the lines are appended to, going on where it ends; - for stdout
flag-videocentral-auditor-admin-contrasena-archivo = File with the administrator's password, as the central has it
flag-sin-consola = No console: runs as a service until a signal stops it
flag-accion = What to do: show its records, check that they are good, or make a journal of what is good in a copy
flag-ruta = The journal; when restoring, the copy
flag-diario_destino = The journal that is made when restoring; the one that is there is kept under another name [default: the same PATH]
flag-carpeta = Folder for everything that is made; what is already there is not touched
flag-nodos = Name or address of a server, or several with commas; once per server [default: those of this machine]
flag-numero = Its number: 1 to 3, or more with --secondaries
flag-ip-anunciada = Name or address given to others, with or without a port [default: where it listens or else the one it reaches the central from]
flag-ip-central = Name or address of the central, with or without a port; several with commas, and auto for the one that announces itself on the network
flag-grupo = Of the centrals that announce themselves, those of this group
flag-videocentral-grupo = Name of the group with which it announces itself, to tell it from others on the same network
flag-anunciar = Announces itself on its network (mDNS), for whoever looks for it with --central-ip auto [default: yes, and no with a secret or TLS]
flag-puerto-central = Port of the central
flag-directorio = Folder that it serves, or bucket of an object store: s3://bucket/prefix, az://…, gs://… [default: data/videosN]
flag-videolocal-directorio = Folder with videos1, videos2…
flag-limite-subida = Upload limit per second: 500kB/s, 20MB/s, 1GiB/s; or a timetable: “20MB/s, 8:00-20:00 mon-fri 5MB/s, sat-sun off”
flag-limite-bajada = Limit of all that is received, per second: 500kB/s, 20MB/s, 1GiB/s; or a timetable: “20MB/s, 8:00-20:00 mon-fri 5MB/s, sat-sun off”
flag-al-terminar = Program that is run when a download has completed, with the path of the file as its last argument; no shell
flag-campana = Rings the terminal's bell when a download ends
flag-reposo = How long a file must not have changed to be offered: 4s, 500ms, 1m; one that is open for writing waits until it is closed
flag-motor = The members of etcd that have the journal of several centrals: http://10.0.0.1:2379, or https, with commas
flag-nodo = The name of this one of several centrals [default: that of the machine, and the port]
flag-central-ip-anunciada = Name or address by which peers and the other centrals find it, with a port or without [default: where it listens, or else the one it reaches etcd with]
flag-ttl = With several centrals: another one takes over from one that has been silent for so long, 3s to 60s
flag-motor-ca = Certificate of the authority that etcd’s certificates are from, for https
flag-motor-cert = Certificate that this central shows to etcd
flag-motor-clave = Key of --engine-cert
flag-migrar-cada = Hands over to another central this often, to try that
flag-repaso = How often it looks at which files are there, where nobody tells it of changes: 30s, 5m [default: 30s in a folder, 1m in a bucket]
flag-repaso-digests = How often everything it serves is read again and compared with its digests, to find what the disk has altered: 7d, 12h; no: never
flag-olvidar-discos = Carries on without disks that the folder had and that are gone for good: what is there now is all
flag-videolocal-limite-subida = Upload limit per second of each secondary: 500kB/s, 20MB/s, 1GiB/s; or a timetable: “20MB/s, 8:00-20:00 mon-fri 5MB/s, sat-sun off”
flag-retirados-max = How much is kept of what was set aside in .trozos/retirados; the oldest goes first [default: a tenth of the disk, and 50 GB at most]
flag-retirados-dias = For how many days what was set aside is kept
flag-nombre = Enrols with this name at the start
flag-destino = Downloads folder; “-” with get writes to standard output
flag-espera-fuentes = How long a download waits when no secondary is left
flag-sobrescribir = Replaces a file that already exists with other content
flag-patrones = Only names that match; * and ? are allowed
flag-nombres = Files, or patterns with * and ?
flag-salida = Writes the file there; “-” is standard output, in order and each chunk verified, and so is a pipe or a device; into a folder, under its own name
flag-json = The result, as one JSON document on standard output
flag-progreso = How progress is shown: text (on standard error), json (lines on standard output, the last one the result) or no
flag-silencioso = Errors only
flag-detallado = Everything that happens, on standard error
flag-demo = Asks nothing: makes samples, downloads, kills secondaries halfway and compares every byte
flag-generar = Makes the completions and manual pages of all programs in this folder, and exits
flag-puerto-secundarios = Port of secondary 1; the others have the next ones. 0 for free ports
usage-more = Try “{ $program } --help”
usage-no-value = { $flag } needs a value
usage-invalid-value = “{ $value }” is not valid for { $flag }: it can be { $valid }
usage-invalid-value-near = “{ $value }” is not valid for { $flag }: did you mean { $near }? It can be { $valid }
usage-bad-value = “{ $value }” is not valid for { $flag }: { $help }
usage-bad-value-alone = “{ $value }” is not valid for { $flag }
usage-unwanted-value = { $flag } takes no value, and has “{ $value }”
usage-value = { $flag }: { $why }
usage-unknown = unknown option { $flag }
usage-unknown-near = unknown option { $flag }: did you mean { $near }?
usage-command-unknown = unknown command “{ $word }”: it can be { $valid }
usage-command-near = unknown command “{ $word }”: did you mean { $near }?
usage-command-missing = a command is missing: it can be { $valid }
usage-command-alone = the command “{ $word }” goes first: options follow it
usage-too-much = one argument too many: “{ $word }”
usage-twice = { $flag } is given twice
usage-twice-values = { $flag } is given twice, with different values: { $values }; keep one
usage-two-ports = { $address } “{ $place }” and { $flag } { $port } name two ports: keep one
usage-missing = { $flags } is missing
usage-conflict = { $flag } does not go with { $other }
usage-utf8 = a value is not UTF-8
usage-number = number { $number } is not valid: --number is 1 to { $highest }
usage-number-more = number { $number } is not valid: --number is 1 to { $highest }; to use it, give --secondaries { $number } here and to the central
usage-one-file = --output is for one file, and there are { $count }; for a folder, use --destination
usage-one-watched = “{ $name }” is { $count } files, and only one can be watched
usage-empty-output = --output is empty; say where, or leave it out
why-empty = it is empty: leave it out, or give a value
why-home-of-other = somebody else's home is not looked up: write the whole path, or ./{ $path } for a name that begins so
why-no-home = HOME does not say where your home is: write the whole path
why-switch = write yes or no
why-not-url = it is not a URL: write a name or an address, with or without a port, such as h:50000
why-brackets = an IPv6 address with a port is written in brackets: [::1]:50000
why-port = the port after the colon is a number from 1 to 65535
why-centrals = up to { $count } centrals, with commas between them
why-group = the name of a group has 1 to 48 bytes, without control characters
why-host = write a name or an address, such as central.lan, 10.0.0.2 or ::1, with or without a port
why-language = the languages are es and en
why-log-level = use error, warn, info, debug or trace, or a tracing filter
settings-unreadable = { $path }: the configuration cannot be read: { $why }
settings-wrong = { $path }: { $why }
settings-syntax = line { $line }, column { $column }: not TOML: “{ $text }”
settings-unknown = unknown key “{ $key }”: it can be { $known }
settings-unknown-near = unknown key “{ $key }”: did you mean { $near }?
settings-utf8 = { $path }: the configuration is not UTF-8: save it again as UTF-8 in your editor
settings-twice = the key “{ $key }” is given twice: keep one
settings-twice-at = line { $line }: the key is given twice: “{ $text }”; keep one
settings-kind = the key “{ $key }” takes a text, a number or true/false
settings-file = Configuration file: { $path }
settings-none = No configuration file (looked for in { $usual })
origin-flag = command line
origin-variable = variable { $name }
origin-file = { $path }
origin-default = default
origin-none = not set

## Commands for scripts

script-unreachable = cannot connect to the central ({ $why })
script-stdout = cannot write to standard output: { $why }
player-empty = --player needs the name of a program, such as mpv
player-not-started = cannot start the player { $player } (“{ $why }”); without --player the address is printed, to be opened in another
watch-hint = Open it in a player or browser on this machine; Ctrl-C ends it.
watch-at = Watch it at { $address } while it downloads; CANCEL ends it
watch-no-randomness = the system provides no random numbers, and without them anybody could guess the address; try again in a moment

## What the system says

system-not-found = does not exist
system-denied = permission denied
system-refused = nobody is listening there
system-reset = connection lost
system-aborted = connection lost
system-not-connected = there is no connection
system-in-use = in use
system-not-here = not an address of this machine
system-closed = the reader has closed
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
system-exists = already exists
system-quota = no disk quota left
system-too-large = too large for this disk
system-not-empty = the folder is not empty
system-busy = another process uses it
system-deadlock = two processes wait for each other
system-stale = the network folder is stale: mount it again
system-name = the name is not valid
system-unsupported = the system does not support it there
system-memory = no memory left
system-io = the disk failed to read or write
system-descriptors = too many open files
system-family = this machine does not use that kind of address (IPv4 or IPv6)
system-device = there is no such device
system-loop = too many symbolic links
system-number = system error { $number }: “{ $words }”
system-other = another error: “{ $words }”
lost-unknown-host = there is no machine “{ $host }”: check --central-ip
lost-no-interface = { $host }: this machine has no network interface “{ $zone }”; `ip -br link` lists them
lost-no-answer = { $address }: no answer
lost-unreachable = { $address }: { $why }
lost-no-hello = { $place }: no hello: is it a central?
lost-closed = the connection was closed
lost-cut = cut off in the middle
lost-closed-early = { $place }: closed before hello: is it a central?
lost-secondary-there = { $place }: that is secondary { $number } and not a central: check --central-port
lost-some-secondary-there = { $place }: that is a secondary and not a central: check --central-port
lost-stranger = { $place }: what answers is not a central: check --central-ip and --central-port
lost-not-a-message = the central sent something that is not a message: make sure that all nodes are of the same version
lost-line-too-long = the central sent a line that is too long: make sure that all nodes are of the same version
lost-silent = no signs of life
lost-stops = the central is shutting down
lost-other-cluster = { $place }: the central of another cluster answers
lost-nobody-announced = no central announces itself on this network; waiting for one, or --central-ip says where it is
lost-nobody-announced-of = no central of the group { $group } announces itself on this network; waiting for one, or --central-ip says where it is
lost-several-clusters = several clusters announce themselves on this network: { $names }; --group says which one
lost-not-listening = announcements on the network cannot be heard: { $why }
lost-moved = the central is now { $address }
lost-outdated = { $place }: another central has taken over from this one, or this one lost its saved state: waiting for the other
lost-stopped = this program is shutting down

# Orders from other programs of this machine.
order-nobody = no { $program } that takes orders from this user is running on this machine; --socket PATH says where another one listens
order-nobody-there = no { $program } that takes orders from this user is running on port { $port } of this machine
order-nobody-numbered = no { $program } with the number { $number } that takes orders from this user is running on this machine
order-several = several { $program } are running: choose one with { $flags } ({ $sockets })
order-not-running = no running { $program } listens at { $socket }
order-denied = only that program’s user and root may give it orders: { $socket }
order-cut = { $program } closed the connection without an answer
order-failed = { $socket }: { $why }
order-version = the running { $program } is of another version: restart it
order-stopping = { $program } is shutting down
order-standby = This central is on standby and does nothing by itself: { $node } ({ $address }) reigns, ask that one
order-standby-at = This central is on standby and does nothing by itself: the one at { $address } reigns, ask that one
order-standby-nobody = This central is on standby, and none reigns at this moment: try again shortly
order-unknown = This central stopped reigning meanwhile, and it is not known whether this was done: look at the one that reigns now
order-forgotten = Too much time has passed to know whether this was done: check before you ask again
order-differs = Something else was ordered with this same key
order-not-here = “{ $line }” only works at the console
order-reindexing = Reading the whole folder again; it is served meanwhile
orders-not-taken = No orders are taken from other programs: { $why }
orders-in-use = another program already listens at { $path }; --socket PATH chooses another place
orders-open-folder = other users may write into { $path }; --socket PATH chooses another place
flag-diario = Journal of the central: what it has acknowledged and must not lose [default: central.diario, beside the statistics]
flag-socket = Socket at which it takes orders of other programs of this machine; no for none [default: its own, in its user’s runtime folder]
flag-si = Does not ask before it deletes
order-words = What follows the command: { $values }
value-valor = VALUE
flag-order-socket = Socket of the server [default: that of the only one running]
flag-order-puerto = Port that the server in question listens on
flag-order-numero = Number of the secondary in question
heading-order = Options

# What is answered by HTTP
http-not-found = There is nothing at this address
http-expelled = The administrator has sent this machine away; it may ask again in a minute
http-replaced = That content is no longer its name’s: there is another version
http-bad-host = The request names no host, or several
http-wrong-host = This server has no such name; if the name is its own, start it with --http-name and the name
http-password-wanted = This needs the password: any user name, and the cluster's secret or, for orders, the administrator's password
http-too-many-guesses = Too many wrong passwords from this address; wait a little
http-wrong-origin = This order comes from another page, or does not say from where: send Origin with this same address, or X-Trozos: 1
http-not-json = Orders are given in JSON: Content-Type: application/json
http-admin-off = No orders are taken by HTTP here, as there is no administrator's password. Start the server with --admin-password-file
http-admin-in-clear = The password would travel for everybody to see: give the order on the machine itself, or start the server with --admin-in-clear if the network can be trusted
http-bad-request = The request is not understood
http-too-large = The request is too large
http-conflict = The request is not possible as things are
http-method-not-allowed = This address does not allow that method; Allow lists those it does
http-not-implemented = Requests of this kind are not supported
http-address-too-long = The address is too long
http-not-ready = Service has not begun, or no secondary with that file is left
http-stopping = This server is stopping, or has no room for more
http-standby = This central is on standby: it is not the one that reigns
http-journal-busy = The disk or etcd does not keep up with the central's journal
http-unreadable = The file cannot be read now
http-needs-tls = The secret is needed here, and over http:// the whole network would hear it: use https://, or ask from the machine itself
http-needs-secret = --http yes: TLS needs a secret beside it (--secret-file) that can be said over HTTP, as browsers have no certificates
http-tells-secret = --http yes: without TLS everybody could read the secret; add --tls-cert and --tls-key, or listen at 127.0.0.1 or 0.0.0.0 and ask from this machine alone
http-needs-authority = --http yes: with TLS the central asks the secondaries too, and must trust their certificates; add --tls-ca
flag-http = Answers HTTP at the same port: browsers, curl, aria2, players; where there is a secret, it is the password [default: yes, and no with a secret or TLS]
flag-max-ver = Those who watch through this node at once, 1 to 1000; others wait a moment
flag-pasarela = Answers HTTP for the whole cluster (/ver/NAME) and not only with its own files: it asks the other secondaries
flag-horas = Hours for which each address works where there is a secret, 1 to 24
flag-http-nombre = Name by which it may be asked over HTTP, besides its addresses and the machine's name; several with commas
flag-admin-contrasena-archivo = File with the password of whoever may give orders over HTTP [default: nobody may]
flag-admin-en-claro = Takes that password over the network too, unencrypted: whoever listens sees it

# The pages of the central
web-all-well = All is well: { $alive } of { $all } secondaries, and every file has all of its copies
web-working = Running with { $alive } of { $all } secondaries; some files lack copies
web-not-ready = Service has not begun: { $alive } of { $all } secondaries are here
web-search-label = Search by name
web-search = Search
web-files = Files
web-entries = { $count } in all
web-found = With “{ $words }”
web-folders = Folders
web-folder = Folder
web-root = All files
web-name = Name
web-size = Size
web-copies = Copies
web-copies-of = { $there } of { $wanted }
web-conflict = in conflict
web-get = Get it
web-download = Download
web-open = Open
web-cannot-play = This browser cannot play it. Open it in VLC or mpv by the playlist, or copy the mpv command below.
web-subtitles = Subtitles
web-playlist = List for players
web-pages = Pages
web-range = { $first } to { $last } of { $total }
web-previous = Previous
web-next = Next
web-empty = No files here yet
web-empty-remedy = Copy one into the folder of a secondary: it shows up by itself, and spreads to the others
web-nothing-found = No file has such a name
web-commands = In a terminal
web-with = With { $program }
web-copy = Copy
web-copied = Copied
web-select = Copy it with Ctrl+C
web-holders = Who holds it
web-holder = secondary { $number } ({ $address })
web-beside = Next to it
web-skip = Skip to the content
web-this-language = In English
web-figures = Figures
web-sending = Being sent
web-downloads = Downloads
web-queue = Waiting
web-secondaries = Secondaries
web-secondary = Secondary
web-no-secondaries = None has come yet. On another machine: videosecundario -n 1 --central-ip and the address of this one
web-state = State
web-sends = Sends
web-up = up
web-draining = draining
web-down = down
web-missing = lacks { $count }
web-lost = Secondary { $number } is down
web-returned = Secondary { $number } is back
web-ended = The download of { $file } has ended
web-running = Running downloads
web-no-downloads = Nothing is being downloaded
web-from = from secondaries { $secondaries }
web-left = { $time } left
web-progress = Sent
web-via-http = by HTTP
web-via-copy = copy between secondaries
web-no-queue = Nobody waits
web-position = Position
web-orders = Orders
web-orders-off = This page only shows. To give orders from here, start the central with --admin-password-file FILE
web-orders-in-clear = Orders are given on the central's own machine, as the password would cross the network for all to see. In a network that you trust, start the central with --admin-in-clear
web-orders-script = Orders need JavaScript. They can also be given at the central's prompt: DRAIN 1, EXPEL name
web-password = Administrator's password
web-unlock = Unlock
web-unlocked = You can give orders now
web-most-downloads = Downloads at once
web-set = Set
web-clients = Clients
web-client = Client
web-no-clients = None is connected
web-doing = downloads: { $running }, waiting: { $waiting }
web-expel = Expel
web-sure = Expel { $name }?
web-drain = Drain
web-centrals = Centrals
web-central = Central
web-lag = Lag
web-term = Term
web-active = reigns
web-limited = does not know
web-ready = ready
web-behind = catching up
web-migrate = Have it reign
web-sure-migrate = Have { $name } reign? Downloads go on
web-moved = { $name } reigns now
web-standby = { $name } is on standby
web-standby-active = { $name } reigns, and has the catalogue:
web-standby-nobody = No central reigns at this moment. As soon as one does, its link will be here.
web-work = Put to work
web-done = Done
web-failed = That did not work

## What is published

not-offered = { $name } has changed or is gone, so it is not offered: publish it again with { $publish }
withdrawn-elsewhere = { $name } is no longer published: it was withdrawn from elsewhere
not-serving = others cannot reach this client: { $why }
limit-published = an account publishes at most { $count } files
limit-audience = a file is published for at most { $count } accounts
refused-no-source = it is published, but nobody who has it is connected now: try later
refused-not-allowed = it is not for you
publish-name-taken = that name is published with other content already; add REPLACE to change it
peer-no-ticket = it has no permission from the central
peer-ticket = its permission from the central is not valid here, or no longer
peer-file-changed = it requested { $file }, which has changed since it was published
client-unknown-account = there is no account called { $name }
publish-alone = this client neither gives to other clients nor takes from them
publish-outside = { $path } is outside the folders that files are published from; { $flag } allows another
publish-hidden = { $path } is hidden, or in a hidden folder, and is not published
publish-name = the name of { $path } cannot be published
published-by = { $owner } publishes { $file } ({ $size })
withdrawn-by = { $owner } no longer publishes { $file }
bad-published-name = not the name of a published file: @<account>/<name>
published = Published { $path } as { $name } ({ $size })
publish-folder-empty = { $path } has no files that can be published
publish-folder = This would publish { $files } ({ $size }); to do so: { $command } ALL
publish-too-many = an account publishes at most { $count } files: publish a part of the folder
publish-serving = Serving it until you stop this with Ctrl-C.
withdrawn = { $name } is no longer published
content-none = { $name } publishes nothing that you may see
column-sources = sources
column-for = for
column-published = published
source-away = unavailable
holders-published = { $count ->
    [one] 1 device
   *[other] { $count } devices
}
about-videocliente-publicar = Publishes files of yours, which stay where they are
about-videocliente-retirar = Stops publishing files
about-videocliente-contenido = What an account publishes
about-videocliente-traer = Downloads published files straight from whoever publishes them
heading-peers = Peers
heading-publishing = Publishing
flag-puerto-companeros = Port at which other clients get what you publish; any free one if it is in use
flag-publicar-desde = Another folder that files may be published from, beside your home, the current one and that of the downloads
flag-compartir = Gives other clients that receive the same what it receives, and for ten minutes what it has received
flag-sin-companeros = Neither gives to other clients nor takes from them
flag-como = What it is called after @<account>/
flag-para = Only for these accounts, separated by commas
flag-reemplazar = Replaces other content that is published under the name
flag-todo = All files of a folder
flag-servir = Keeps running and serves it, until Ctrl-C
command-publish = publishes a file, which stays where it is
    .usage = PUBLISH <path> [FOR <a,…>]
    .example = PUBLISH notes.pdf FOR luis,eva
    .more = PUBLISH <path> AS <name> names it otherwise, and REPLACE takes the place of what had the name; of a folder the list is shown first, and ALL publishes it
command-withdraw = stops publishing a file
    .usage = DELETE <name>
    .example = DELETE notes.pdf
    .more = Whoever is receiving it has ten seconds left
command-content = what an account publishes
    .usage = LIST_CONTENT <account>
    .example = LIST_CONTENT ana
command-bring = downloads a file from whoever publishes it
    .usage = GET_FILE @<account>/<name>
    .example = GET_FILE @ana/notes.pdf
    .more = Like GET; GET_FILE ana notes.pdf copy.pdf saves it under another name
uploading = Uploading { $rate } to { $count } ({ $size } in all); { $files } published from here
uploading-limited = { $line }; limit: { $limit }
ignored-published = names that begin with @ belong to what people publish
command-upload-limit = limit of what others are sent; OFF removes it
    .usage = LIMIT [<rate|OFF>]
    .example = LIMIT 20MB/s
    .more = Of what you publish, to all together, from now on, or by a timetable; alone, it shows it
help-published = Published
flag-companeros = Starts so many clients, which download the largest file at once, and shows how long each takes and whom its bytes come from
crowd-begins = { $count ->
    [one] A client begins
   *[other] { $count } clients begin at once
} to download { $file } ({ $size })
crowd-client = client
crowd-took = took
crowd-from-secondaries = from secondaries
crowd-from-peers = from peers
crowd-total = From { $who }: { $size }
figure-value = { $name }: { $value }
figures-none = nobody has counted anything yet: { $figure } name +1
column-figure = figure
help-rooms = Rooms
help-figures = Figures
command-figure = counts: adds to a figure, subtracts, or tells it
    .usage = FIGURE [name] [+n|-n|=0]
    .example = FIGURE sala.aforo +5
    .more = Without a name it is “contador”; votes:FILE +1 votes, and downloads:FILE and plays:FILE can be looked at
command-figures = all free figures
    .usage = FIGURES
    .example = FIGURES
command-info = services, doors, connections, queue and journal
    .usage = INFO [JSON]
    .example = INFO
figure-not-understood = not understood: [NAME] and +n, -n, =0, inc.n, dec.n or res.0
figure-too-large = that number does not fit into 64 bits
figure-overflow = it would not fit into 64 bits: it stays { $value }
figure-counted = downloads and plays are counted by themselves: nobody sets them
figure-one-vote = a vote is +1 or -1, by somebody with a name ({ $enrol }), from their own client
figure-reset-denied = only whoever administers may set it back to zero
figure-too-many = there is no room for one more: { $most } at most
figure-busy = too many orders are waiting: nothing was done; try again
figure-elsewhere = this central does not reign now ({ $centrals })
figure-stopping = the central is stopping, and may have done it or not
private-message = { $from } (unverified) tells you: { $text }
door-failed = the figures' door { $door } does not open: { $why }
door-open = figures by { $door } at { $address }
info-version = trozos { $version }
info-standing = central: { $state }, term { $term }, cluster { $cluster }, up for { $seconds } s
info-active = active
info-limited = may not be active any more
info-standby = on standby
info-behind = on standby, behind
info-up = open
info-down = closed
info-central = central { $node } ({ $address }): { $state }
info-service = service { $service }: { $state }
info-door = door { $door }: { $state }; { $orders } orders, { $refused } refused, { $rate }/s, { $connections } connections
info-queue = queue: { $waiting } waiting (at most { $most } a door); { $figures } figures
info-connections = connections: { $secondaries } of { $known } secondaries, { $clients } clients
info-states = of these: { $idle } idle, { $busy } busy, { $pinned } pinned; { $refused } refused
info-journal = journal: { $facts } facts, { $durable } on disk, { $held } answers waiting
info-traffic = traffic: { $lines } bytes sent by lines and { $http } by HTTP, { $received } received
info-downloads = downloads: { $downloads } complete, { $running } running, { $waiting } waiting
web-info = Status
web-plays = Views
web-votes = Votes
flag-cifras-udp = UDP port of the figures: one order a datagram (inc.5, dec.3, res.0; inc.0 asks); 0: a free one [default: closed]
flag-cifras-tcp = TCP port of the figures: one order a line; 0: a free one [default: closed]
flag-cifras-tcp-procesos = The same, with a process of its own for each connection [default: closed]
flag-cifras-http = HTTP port of the figures, for curl: /cambiar?counter=inc.5 and /info [default: closed]
flag-cifras-a-cero = Whether anybody may set a figure back to zero (res.0) at those doors [default: no]
about-videocentral-consola = The prompt of a central that is elsewhere, by gRPC; with an order behind it, only that
flag-videocentral-consola-en = Where it is: a name or an address, and the port unless it is 50000
flag-videocentral-consola-admin-contrasena-archivo = File with that central's administrator password
flag-videocentral-consola-tls-ca = Certificate of the authority that signed its own: with it, all is encrypted
flag-videocentral-consola-json = One JSON document on standard output, where an order is given
flag-videocentral-consola-palabras = An order, as at the prompt [default: a prompt opens]
console-connected = connected to { $address }; QUIT or Ctrl-D end here, and the central goes on
console-gone = the central does not answer any more
console-unreachable = that central cannot be spoken to: { $why }
console-password = that is not the administrator's password
console-not-taken = that central takes no orders from afar: { $why }
console-needs-password = --admin-password-file is missing
console-no-file = { $path }: { $why }
