//! All limits. PROTOCOL.md repeats those that a peer can notice.

use std::time::Duration;

/// Version of the protocol that `hello` announces.
pub const PROTOCOL: u32 = 1;

/// Version of what `hello` says of swarms: clients that are sources of each other.
pub const SWARM: u32 = 1;

/// Smallest chunk, in bytes; also the chunk of every file up to 8 GiB.
pub const MIN_CHUNK_BYTES: u32 = 1 << 20;
/// Largest chunk, in bytes.
pub const MAX_CHUNK_BYTES: u32 = 16 << 20;
/// A chunk is doubled while a file would have more chunks than this.
pub const CHUNKS_BEFORE_DOUBLING: u64 = 8192;
/// Longest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 << 40;
/// Most chunks of a file.
pub const MAX_CHUNKS: u32 = 1 << 20;

/// Longest file name with its folders, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 1024;
/// Longest component of a file name, in bytes of UTF-8.
pub const MAX_COMPONENT_BYTES: usize = 240;
/// Most folders a file name may have.
pub const MAX_COMPONENTS: usize = 32;
/// Longest client name, in bytes of UTF-8.
pub const MAX_CLIENT_NAME_BYTES: usize = 64;
/// Longest name of an account, in characters.
pub const MAX_ACCOUNT_NAME_CHARS: usize = 32;
/// Accounts of a cluster; and names of former ones that rest.
pub const MAX_ACCOUNTS: usize = 10_000;
/// Devices of an account, each with a key of its own.
pub const MAX_DEVICES: usize = 8;
/// Accounts that are registered from one address within [`REGISTRATIONS_WITHIN`].
pub const MAX_REGISTRATIONS: usize = 5;
/// See [`MAX_REGISTRATIONS`].
pub const REGISTRATIONS_WITHIN: Duration = Duration::from_secs(3600);
/// How long nobody may have the name of an account that was given up.
pub const NAME_RESTS: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long a code lets a new device into an account.
pub const CODE_LASTS: Duration = Duration::from_secs(24 * 3600);
/// Lines of the audit trail that are kept: of orders and accounts, and as many of connections and downloads, so that many
/// of these take nothing away of those.
pub const AUDIT_KEPT: usize = 10_000;
/// Longest name of a free figure, in bytes of UTF-8.
pub const MAX_FIGURE_NAME_BYTES: usize = 64;
/// Longest name that an asker gives a request of a figure, in bytes.
pub const MAX_FIGURE_REQUEST_BYTES: usize = 64;
/// Longest line or datagram at a door of figures, in bytes.
pub const MAX_FIGURE_LINE_BYTES: usize = 1280;
/// Free figures of a cluster.
pub const MAX_FIGURES: usize = 4096;
/// Votes of a cluster.
pub const MAX_VOTES: usize = 100_000;
/// The latest requests of figures with a name that are remembered, so that a repeated one counts once.
pub const MAX_FIGURE_REQUESTS: usize = 32_768;
/// The latest readers that are remembered, so that each counts once as having played a file.
pub const MAX_PLAYERS: usize = 16_384;
/// Orders of figures that may wait at one door.
pub const MAX_FIGURE_QUEUE: usize = 8192;
/// Longest private message, in bytes of UTF-8.
pub const MAX_PRIVATE_BYTES: usize = 4096;
/// Longest name of a group, in bytes of UTF-8.
pub const MAX_GROUP_NAME_BYTES: usize = 48;
/// Centrals of a cluster that a node knows of, besides those that it was started with.
pub const MAX_CENTRALS: usize = 16;
/// Highest number that a secondary may have.
pub const MAX_SECONDARY_NUMBER: u16 = 64;

/// Highest number that a peer may have; the bit above it tells the ids of peers from those of secondaries.
pub const MAX_PEER_NUMBER: u32 = (1 << 31) - 1;
/// Most chunks in whose window a receiver may say which it wants.
pub const MAX_WANTED_CHUNKS: u32 = 1 << 16;
/// What a receiver got counts 1 ÷ e as much after this time.
pub const LATELY_FADES: Duration = Duration::from_secs(2);
/// Peers and other sources that a download meets in all.
pub const MAX_PEERS_MET: usize = 4096;
/// Peers that one message may name.
pub const MAX_PEERS_NAMED: usize = 64;
/// How long a ticket is good: for the beginning of a connection.
pub const TICKET_LASTS: Duration = Duration::from_secs(600);

/// Longest JSON line, in bytes, its line feed included.
pub const MAX_LINE_BYTES: usize = 64 * 1024;
/// What a page of a listing or of an inventory may fill of a line, in bytes.
pub const PAGE_BYTES: usize = 48 * 1024;
/// Most raw bytes that follow one `data` header.
pub const MAX_FRAME_BYTES: u32 = 1 << 20;

/// Shortest secret of a cluster, in bytes.
pub const MIN_SECRET_BYTES: usize = 16;
/// Shortest password of an administrator, in bytes.
pub const MIN_PASSWORD_BYTES: usize = 8;
/// Longest secret of a cluster, in bytes.
pub const MAX_SECRET_BYTES: usize = 4096;

/// Largest file that one secondary may announce in number.
pub const MAX_FILES_PER_SECONDARY: usize = 200_000;
/// Open connections per server; for one more, an idle one or one of the address with the most gives way.
pub const MAX_CONNECTIONS: usize = 4096;
/// Sources that a receiver takes in one transfer.
pub const MAX_SOURCES: usize = 256;
/// Chunk requests that one data connection may have queued at a secondary.
pub const MAX_QUEUED_REQUESTS: usize = 1024;
/// Messages that may wait for one peer before its connection is given up.
pub const MAX_OUTBOX: usize = 1024;
/// A download that is sent nothing for this time lends its slot while others wait for one.
pub const IDLE_PLACE: Duration = Duration::from_secs(5);
/// The same at the central for a secondary, which gets bursts of messages about ended transfers.
pub const MAX_SECONDARY_OUTBOX: usize = 65_536;
/// Bytes of listing pages that may wait to be read, for all peers together. Beyond that a peer gets no further page
/// before it has read the last one.
pub const MAX_PAGES_BYTES: usize = 64 << 20;
/// Downloads that one client may have granted or waiting.
pub const MAX_REQUESTS_PER_CLIENT: usize = 256;
/// Downloads that may wait in the central's list.
pub const MAX_WAITING: usize = 10_000;
/// How long the name of a client that was expelled is refused, and the least time after which that client tries
/// again by itself.
pub const EXPELLED_FOR: Duration = Duration::from_secs(60);

/// Orders of one session whose answers are kept.
pub const ANSWERS_OF_A_SESSION: usize = 64;
/// Sessions whose answers are kept.
pub const MAX_ORDER_SESSIONS: usize = 10_000;
/// How long the answers are kept of a session that gives no orders.
pub const ORDER_SESSION_IDLE: Duration = Duration::from_secs(24 * 3600);

/// Files that an account may publish.
pub const MAX_PUBLISHED_EACH: usize = 1000;
/// Accounts that a published file may be for, where it is not for all.
pub const MAX_AUDIENCE: usize = 256;
/// Connections that a client takes in from those whom it sends to.
pub const MAX_PEER_CONNECTIONS: usize = 64;
/// How long what is withdrawn is still sent to those who receive it.
pub const WITHDRAWN_FOR: Duration = Duration::from_secs(10);

/// How often a secondary and the central tell each other that they live.
pub const HEARTBEAT: Duration = Duration::from_millis(500);
/// Silence after which a secondary's lease ends.
pub const LEASE: Duration = Duration::from_secs(2);
/// How often a client and the central tell each other that they live. Longer than a secondary's:
/// a thousand idle clients should cost nothing, and a killed client's closed connection is noticed at once.
pub const CLIENT_HEARTBEAT: Duration = Duration::from_secs(2);
/// Silence after which a client is taken for gone.
pub const CLIENT_LEASE: Duration = Duration::from_secs(8);
/// Transfers that a node keeps figures of at once; only a peer that invents transfers exceeds this. At the central:
/// open entries that wait for a message or a report, for each secondary.
pub const MAX_TRANSFERS: usize = 10_000;
/// The same at the central for the clients of a host.
pub const MAX_TRANSFERS_OF_A_HOST: usize = 1000;
/// Names of clients, or of files, in a statistics file; others only count in the totals.
pub const MAX_STATISTICS_NAMES: usize = 100_000;
/// Time to find the addresses of a name: the system's resolver asks its name servers in turn, with 5 s for each.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);
/// Time to connect to an address.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for the first line after a connection is made, each way.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// Time that a data connection may be idle, with nothing requested.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Time that a receiver may take nothing of what is sent to it.
pub const SEND_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// What a receiver must read within [`SEND_STALL_TIMEOUT`], in bytes: one that reads a byte now and then would hold its
/// permit, its buffers and its file for ever.
pub const LEAST_TAKEN_BYTES: u64 = 64 * 1024;
/// Of [`MAX_CONNECTIONS`], how many may speak HTTP: one in so many.
pub const HTTP_SHARE: usize = 2;
/// Connections of one address that speak HTTP. A page and a player have some ten; behind a proxy there are many of each.
pub const MAX_HTTP_CONNECTIONS_EACH: usize = 256;
/// Time that an HTTP request may take to come, from its first byte.
pub const HTTP_HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The lowest limit that a client may set to what it receives, in bytes per second. Shared by all connections of its
/// downloads, less than [`LEAST_TAKEN_BYTES`] might be left for one.
pub const LEAST_DOWNLOAD_LIMIT: u64 = 50_000;
/// Longest head of an HTTP request, in bytes.
pub const MAX_HTTP_HEAD_BYTES: usize = 16 * 1024;
/// Most fields in it.
pub const MAX_HTTP_FIELDS: usize = 100;
/// Longest path and query of an HTTP request, in bytes.
pub const MAX_HTTP_TARGET_BYTES: usize = 8 * 1024;
/// Most that an HTTP request may bring, in bytes.
pub const MAX_HTTP_BODY_BYTES: usize = 64 * 1024;
/// Requests on one HTTP connection.
pub const MAX_HTTP_REQUESTS: usize = 1000;
/// Time that an HTTP connection may be idle between requests. Longer than aria2 keeps its own, so that none is closed under
/// its hand.
pub const HTTP_IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that an HTTP client may take nothing, or less than [`LEAST_TAKEN_BYTES`], of what it asked for: players pause.
pub const HTTP_PAUSE: Duration = Duration::from_secs(300);
/// The same for what is watched: people leave a film for a while.
pub const HTTP_WATCH_PAUSE: Duration = Duration::from_secs(1800);
/// After this part of it the connection counts as idle, and gives way to others.
pub const HTTP_PAUSE_IS_IDLE: Duration = Duration::from_secs(10);
/// Time that transfers have to end at a planned stop.
pub const STOP_GRACE: Duration = Duration::from_secs(2);
/// How often statistics are saved.
pub const STATISTICS_EVERY: Duration = Duration::from_secs(10);

/// Rooms and private conversations that a central keeps.
pub const MAX_ROOMS: usize = 10_000;
/// Channels that a central keeps.
pub const MAX_CHANNELS: usize = 1_000;
/// Messages that a room keeps: the oldest make room for new ones.
pub const MAX_ROOM_MESSAGES: usize = 1_000;
/// Bytes of texts that a room keeps.
pub const MAX_ROOM_BYTES: usize = 1 << 20;
/// People of a room.
pub const MAX_ROOM_PEOPLE: usize = 1_000;
/// Rooms that an account is in.
pub const MAX_ROOMS_OF_ONE: usize = 200;
/// Longest message, in bytes.
pub const MAX_TEXT_BYTES: usize = 2_000;
/// Longest name of a room or a channel, in characters.
pub const MAX_ROOM_NAME_CHARS: usize = 120;
/// Messages of a channel that nobody has finished.
pub const MAX_JOBS: usize = 10_000;
/// Messages of a channel that were set aside.
pub const MAX_DEAD_JOBS: usize = 1_000;
/// How often a message of a channel is given to somebody before it is set aside.
pub const MAX_JOB_TRIES: u32 = 3;
/// How long whoever has a message of a channel may take for it.
pub const JOB_LASTS: Duration = Duration::from_secs(60);
/// A room in which nothing was said for so long is given up, with what was said there.
pub const ROOM_RESTS: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Messages that an account may send at once, and each second after that.
pub const SAID_AT_ONCE: u32 = 20;
/// See [`SAID_AT_ONCE`].
pub const SAID_EACH_SECOND: u32 = 5;
