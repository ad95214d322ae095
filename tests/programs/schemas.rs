//! The documents that scripts read are what their schemas say: those that the real programs print, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use jsonschema::Validator;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    DEADLINE, noise,
    process::{CENTRAL, CLIENT, Process, SECONDARY, hearing, parts, plain},
    put,
};

const BIG: usize = 6_000_000;
/// Slow enough for nothing big to end while somebody looks.
const SLOW: &str = "--limite-subida=200kB";

/// Every schema by the name of its file, and those against which something has been held.
struct Schemas {
    all: BTreeMap<String, Validator>,
    used: BTreeSet<String>,
}

impl Schemas {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
        let all = fs::read_dir(folder).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let schema = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let options = jsonschema::options().should_validate_formats(true);
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, options.build(&schema).unwrap())
        });
        Self {
            all: all.collect(),
            used: BTreeSet::new(),
        }
    }

    /// Holds a document against a schema; and what differs from it in one place, which no schema may accept.
    fn hold(&mut self, name: &str, document: &Value) {
        codes_are_apart(document);
        let schema = &self.all[name];
        let wrong: Vec<String> = schema
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}\n{document:#}");
        for (change, changed) in changed(document) {
            assert!(!schema.is_valid(&changed), "{name}: {change}\n{changed:#}");
        }
        self.used.insert(name.to_owned());
    }

    /// The last document of a text of lines, and its progress before that.
    fn hold_lines(&mut self, text: &str) -> Value {
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let (last, progress) = lines.split_last().unwrap();
        for line in progress {
            self.hold("client-progress", line);
        }
        self.hold("client-download", last);
        last.clone()
    }
}

/// What is wrong is said without the code, which has a field of its own.
fn codes_are_apart(value: &Value) {
    match value {
        Value::Array(values) => values.iter().for_each(codes_are_apart),
        Value::Object(fields) => {
            if let (Some(Value::String(error)), Some(Value::String(code))) =
                (fields.get("error"), fields.get("code"))
            {
                assert!(!error.ends_with(&format!("[{code}]")), "{error}");
            }
            fields.values().for_each(codes_are_apart);
        }
        _ => {}
    }
}

/// The same document with an unknown field in one of its objects, or a value of a type that is none of any field; told by
/// where that is.
fn changed(document: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    pointers(document, String::new(), &mut places);
    let change = |place: String| {
        let mut changed = document.clone();
        let what = changed.pointer_mut(&place).unwrap();
        let how = match what {
            Value::Object(fields) => {
                fields.insert("unknown_field".to_owned(), Value::Bool(true));
                "an unknown field"
            }
            other => {
                *other = json!([[[]]]);
                "a wrong type"
            }
        };
        (format!("{how} at «{place}»"), changed)
    };
    places.into_iter().map(change).collect()
}

/// Where the objects and the plain values of a document are.
fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                pointers(value, format!("{at}/{index}"), places);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(value, format!("{at}/{name}"), places);
            }
            places.push(at);
        }
        _ => places.push(at),
    }
}

/// A central and two secondaries, which take orders; one download at a time.
struct Servers {
    folder: tempfile::TempDir,
    central: Process,
    port: String,
    secondaries: Vec<Process>,
}

impl Servers {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for n in 1..=2 {
            let served = folder.path().join(format!("data/videos{n}"));
            put(&served.join("a.bin"), &noise(1, 100_000));
            put(&served.join("big.bin"), &noise(2, BIG));
            put(&served.join("serie/b.bin"), &noise(3, 1000));
        }
        let mut args = vec!["--secundarios=2", "--max-clientes=1", "--socket=c.sock"];
        args.extend(["-p0", "--ip=127.0.0.1", "--sin-consola"]);
        let central = Process::start_with_nothing(CENTRAL, folder.path(), &args);
        let port = central.port().to_string();
        Self {
            folder,
            central,
            port,
            secondaries: Vec::new(),
        }
    }

    fn start_secondaries(&mut self) {
        for n in 1..=2 {
            let own = [
                format!("-n{n}"),
                format!("--socket={n}.sock"),
                format!("--puerto-central={}", self.port),
                SLOW.to_owned(),
            ];
            let usual = ["-p0", "--ip=127.0.0.1", "--sin-consola"].map(str::to_owned);
            let args = [&own[..], &usual, &["--ip-central=127.0.0.1".to_owned()]].concat();
            let secondary = Process::start_with_nothing(SECONDARY, self.folder.path(), &args);
            secondary.port();
            self.secondaries.push(secondary);
        }
        self.central.wait_for("Sincronizado");
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = hearing(program);
        plain(&mut command)
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn client(&self, args: &[&str]) -> Command {
        let mut command = self.command(CLIENT, args);
        command.args(["--ip-central=127.0.0.1", "--puerto-central", &self.port]);
        command
    }

    /// The exit code of a client's script and the document that it prints.
    fn script(&self, args: &[&str]) -> (i32, Value) {
        let output = self.client(&[args, &["--json"]].concat()).output().unwrap();
        let (code, out, err) = parts(&output);
        let document = serde_json::from_str(&out);
        (
            code,
            document.unwrap_or_else(|_| panic!("{args:?}: {out}{err}")),
        )
    }

    /// The answer to an order, given to a server by the name of its socket.
    fn order(&self, server: &str, words: &[&str]) -> Value {
        let program = if server == "c" { CENTRAL } else { SECONDARY };
        let socket = format!("--socket={server}.sock");
        let args = [words, &["--json", &socket]].concat();
        let (_, out, err) = parts(&self.command(program, &args).output().unwrap());
        let answer = serde_json::from_str(&out);
        answer.unwrap_or_else(|_| panic!("{server} {words:?}: {out}{err}"))
    }

    /// The same once it is as it should be.
    fn order_until(&self, server: &str, words: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.order(server, words);
            if fits(&answer) {
                return answer;
            }
            assert!(began.elapsed() < DEADLINE, "{words:?}: never: {answer:#}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

fn is_empty(list: &Value) -> bool {
    list.as_array().unwrap().is_empty()
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
}

fn outcome(document: &Value) -> &str {
    document["files"][0]["outcome"].as_str().unwrap_or("none")
}

#[test]
fn what_programs_print_is_what_the_schemas_say() {
    let mut schemas = Schemas::read();
    let mut servers = Servers::start();
    before_service(&servers, &mut schemas);
    servers.start_secondaries();
    downloads(&servers, &mut schemas);
    mirrors(&servers, &mut schemas);
    work(&servers, &mut schemas);
    orders(&servers, &mut schemas);
    accounts(&servers, &mut schemas);
    versions(&servers, &mut schemas);
    for process in servers.secondaries.iter_mut().chain([&mut servers.central]) {
        process.signal(Signal::TERM);
        assert_eq!(process.exit_code(), 0, "{:?}", process.printed());
    }
    for (file, schema) in [
        ("central", "central-statistics"),
        ("secundario1", "secondary-statistics"),
        ("secundario2", "secondary-statistics"),
        ("cliente-ana", "client-statistics"),
    ] {
        let path = servers.path(&format!("stats/{file}.json"));
        let statistics: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert!(statistics["stopped"].is_string(), "{statistics:#}");
        schemas.hold(schema, &statistics);
    }
    let unused = schemas
        .all
        .keys()
        .filter(|name| !schemas.used.contains(*name));
    assert_eq!(unused.count(), 0, "{:?}", schemas.used);
}

/// There is no service yet, or no central.
fn before_service(servers: &Servers, schemas: &mut Schemas) {
    let (code, status) = servers.script(&["estado"]);
    assert_eq!((code, &status["ready"]), (1, &json!(false)));
    schemas.hold("client-status", &status);
    let hurried = "--espera-fuentes=1s";
    let (code, list) = servers.script(&["listar", hurried]);
    assert_eq!(code, 1, "{list}");
    schemas.hold("client-list", &list);
    let nowhere = "--ip-central=127.0.0.1:1";
    for (word, schema) in [
        ("listar", "client-list"),
        ("estado", "client-status"),
        ("descargar", "client-download"),
        ("enlace", "client-link"),
    ] {
        let takes_name = ["descargar", "enlace"].contains(&word);
        let name = takes_name.then_some("a.bin");
        let args: Vec<&str> = [word, nowhere, "--json"].into_iter().chain(name).collect();
        let (code, out, _) = parts(&servers.command(CLIENT, &args).output().unwrap());
        assert_eq!(code, 3, "{out}");
        schemas.hold(schema, &serde_json::from_str(&out).unwrap());
    }
}

fn downloads(servers: &Servers, schemas: &mut Schemas) {
    for args in [&["listar"][..], &["listar", "*.iso"]] {
        schemas.hold("client-list", &servers.script(args).1);
    }
    for (args, code) in [
        (&["enlace", "a.bin"][..], 0),
        (&["enlace", "serie/"], 0),
        (&["enlace", "c.bin"], 4),
    ] {
        let (exit, links) = servers.script(args);
        assert_eq!(exit, code, "{links}");
        schemas.hold("client-link", &links);
    }
    let (code, status) = servers.script(&["estado"]);
    assert_eq!(code, 0, "{status}");
    schemas.hold("client-status", &status);

    let ana = ["--nombre=ana", "--estadisticas=stats"];
    for (args, expected) in [
        (&["descargar", "a.bin"][..], "complete"),
        (&["descargar", "a.bin"], "already"),
        (&["descargar", "c.bin"], "not_found"),
        (&["verificar", "a.bin"], "already"),
    ] {
        let (_, done) = servers.script(&[args, &ana].concat());
        assert_eq!(outcome(&done), expected, "{done}");
        schemas.hold("client-download", &done);
    }
    let path = servers.path("data/descargas/a.bin");
    put(&path, &noise(9, 100_000));
    for (args, expected) in [
        (["descargar", "a.bin"], "failed"),
        (["verificar", "a.bin"], "complete"),
    ] {
        let (_, done) = servers.script(&args);
        assert_eq!(outcome(&done), expected, "{done}");
        schemas.hold("client-download", &done);
    }
}

fn mirrors(servers: &Servers, schemas: &mut Schemas) {
    put(&servers.path("m/serie/old.bin"), b"old");
    let mirror = ["descargar", "serie/", "--espejo", "--borrar", "--destino=m"];
    let (_, rehearsal) = servers.script(&[&mirror[..], &["--ensayo"]].concat());
    let (code, done) = servers.script(&mirror);
    assert_eq!(code, 0, "{done}");
    let mut outcomes = BTreeSet::new();
    for document in [rehearsal, done] {
        schemas.hold("client-download", &document);
        let files = document["files"].as_array().unwrap().clone();
        outcomes.extend(files.iter().map(|file| file["outcome"].to_string()));
    }
    let all = ["complete", "deleted", "would_delete", "would_download"];
    let all = all.map(|outcome| format!("\"{outcome}\""));
    assert_eq!(outcomes, all.into_iter().collect());
}

/// One download runs, which is expelled later, and one waits for its place and is interrupted.
fn work(servers: &Servers, schemas: &mut Schemas) {
    let args = ["descargar", "big.bin", "--json", "--progreso=json"];
    let named = |name: &str| {
        servers
            .client(&[&args[..], &[name]].concat())
            .spawn()
            .unwrap()
    };
    let running = named("--nombre=eva");
    servers.order_until("1", &["videos-descargando"], |answer| {
        !is_empty(&answer["transfers"])
    });
    let waiting = named("--nombre=pepe");
    let queue = servers.order_until("c", &["cola"], |answer| !is_empty(&answer["queue"]));
    schemas.hold("central-order", &queue);
    for words in ["clientes", "secundarios", "estado", "estadisticas"] {
        schemas.hold("central-order", &servers.order("c", &[words]));
    }
    for words in ["videos-descargando", "estado", "estadisticas"] {
        schemas.hold("secondary-order", &servers.order("1", &[words]));
    }
    interrupt(&waiting);
    let (code, out, err) = parts(&waiting.wait_with_output().unwrap());
    assert_eq!(code, 130, "{err}");
    assert_eq!(outcome(&schemas.hold_lines(&out)), "cancelled", "{out}");
    let expelled = servers.order("c", &["expulsar", "eva"]);
    assert_eq!(expelled["expelled"]["clients"], 1);
    schemas.hold("central-order", &expelled);
    let (code, out, err) = parts(&running.wait_with_output().unwrap());
    assert_ne!(code, 0, "{err}");
    schemas.hold_lines(&out);
    assert!(out.lines().count() > 1, "{out}");
}

fn orders(servers: &Servers, schemas: &mut Schemas) {
    for words in [
        &["drenar", "1", "9"][..],
        &["drenar", "1"],
        &["drenar", "1", "no"],
        &["expulsar", "nadie"],
        &["conflictos"],
        &["resolver", "a.bin", "1"],
        &["resolver", "nada", "1"],
        &["numero-descargas-video"],
        &["videos-cliente"],
        &["cola"],
        &["cifra", "sala.aforo", "+5"],
        &["cifra", "sala.aforo", "-3"],
        &["cifra", "descargas:a.bin", "+5"],
        &["cifra", "+9223372036854775807"],
        &["cifra", "+1"],
        &["cifras"],
        &["info"],
    ] {
        schemas.hold("central-order", &servers.order("c", words));
    }
    for words in [
        &["limite", "1MB/s"][..],
        &["limite", "no"],
        &["videos-descargados"],
        &["reindexar"],
        &["retirados"],
        &["recuperar", "9"],
        &["vaciar", "9"],
    ] {
        schemas.hold("secondary-order", &servers.order("2", words));
    }
}

/// Accounts, and what the audit trail says of them.
fn accounts(servers: &Servers, schemas: &mut Schemas) {
    for (args, expected) in [
        (&["registrar", "luisa"][..], 0),
        (&["usuarios"], 0),
        (&["baja"], 0),
        (&["registrar", "luisa"], 4),
    ] {
        let mut command = servers.client(args);
        command
            .arg("--json")
            .env("XDG_CONFIG_HOME", servers.path("config"));
        let (code, out, err) = parts(&command.output().unwrap());
        assert_eq!(code == 0, expected == 0, "{args:?}: {out}{err}");
        if code == 0 {
            let schema = match args[0] {
                "usuarios" => "client-users",
                _ => "client-account",
            };
            schemas.hold(schema, &serde_json::from_str(&out).unwrap());
        }
    }
    let args = ["auditoria", "--json", "--socket=c.sock"];
    let (_, out, err) = parts(&servers.command(CENTRAL, &args).output().unwrap());
    assert!(!out.is_empty(), "{err}");
    for line in out.lines() {
        schemas.hold("audit", &serde_json::from_str(line).unwrap());
    }
}

/// One name with two contents, and what becomes of the one that is not chosen.
fn versions(servers: &Servers, schemas: &mut Schemas) {
    for n in 1..=2 {
        let path = servers.path(&format!("data/videos{n}/c.bin"));
        put(&path, &noise(10 + n, 1000));
    }
    let found = servers.order_until("c", &["conflictos"], |answer| {
        !is_empty(&answer["conflicts"])
    });
    schemas.hold("central-order", &found);
    let has_conflict = |answer: &Value| !is_empty(&answer["status"]["conflicts"]);
    let status = servers.order_until("1", &["estado"], has_conflict);
    schemas.hold("secondary-order", &status);
    for choice in ["9", "1"] {
        let resolved = servers.order("c", &["resolver", "c.bin", choice]);
        schemas.hold("central-order", &resolved);
    }
    // One of the two has set its own aside.
    let began = Instant::now();
    let (loser, retired) = loop {
        let of = |server| (server, servers.order(server, &["retirados"]));
        let all = ["1", "2"].map(of);
        if let Some(found) = all
            .into_iter()
            .find(|(_, found)| !is_empty(&found["retired"]))
        {
            break found;
        }
        assert!(began.elapsed() < DEADLINE, "nothing was set aside");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    schemas.hold("secondary-order", &retired);
    let number = retired["retired"][0]["number"].to_string();
    for words in [
        &["vaciar", &number][..],
        &["recuperar", &number],
        &["retirados"],
    ] {
        schemas.hold("secondary-order", &servers.order(loser, words));
    }
    let aside = servers.path(&format!("data/videos{loser}/.trozos/retirados/d.bin"));
    put(&aside, b"old");
    let retired = servers.order(loser, &["retirados"]);
    let number = retired["retired"][0]["number"].to_string();
    let removed = servers.order(loser, &["vaciar", &number, "--si"]);
    assert_eq!(removed["removed"]["files"], 1, "{removed}");
    schemas.hold("secondary-order", &removed);
}
