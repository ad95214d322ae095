//! A browser without a window, driven over its debugging protocol: JSON messages with a zero after each, through two pipes.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::DEADLINE;

pub(crate) struct Chromium {
    child: Child,
    to: File,
    from: Receiver<Value>,
    number: u64,
    /// What pages and the browser said that nobody asked for: exceptions, refusals of policies, failed requests.
    pub(crate) complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page of it.
#[derive(Clone, Debug)]
pub(crate) struct Page(String);

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (to, from) = (profile.path().join("a"), profile.path().join("de"));
        fifo(&to);
        fifo(&from);
        let line = format!(
            "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --mute-audio \
             --autoplay-policy=no-user-gesture-required --user-data-dir=perfil --remote-debugging-pipe about:blank \
             3<{} 4>{}",
            to.display(),
            from.display()
        );
        let child = Command::new("bash")
            .args(["-c", &line])
            .current_dir(profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each waits for the other side.
        let to = File::options().write(true).open(to).unwrap();
        let mut reader = BufReader::new(File::open(from).unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while matches!(reader.read_until(0, &mut message), Ok(1..)) {
                message.pop();
                let value = serde_json::from_slice(&message).unwrap();
                message.clear();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            to,
            from,
            number: 0,
            complaints: Vec::new(),
            _profile: profile,
        }
    }

    /// What a method gives.
    fn call(&mut self, page: Option<&Page>, method: &str, parameters: Value) -> Value {
        let given = self.try_call(page, method, parameters);
        given.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, or what it says instead.
    fn try_call(
        &mut self,
        page: Option<&Page>,
        method: &str,
        parameters: Value,
    ) -> Result<Value, Value> {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(Page(session)) = page {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let said = self.from.recv_timeout(left);
            let said = said.unwrap_or_else(|_| panic!("no answer to {message}"));
            if said["id"] == self.number {
                return match said["error"].is_null() {
                    true => Ok(said["result"].clone()),
                    false => Err(said["error"].clone()),
                };
            }
            self.hear(&said);
        }
    }

    fn hear(&mut self, said: &Value) {
        let entry = &said["params"]["entry"];
        let what = match said["method"].as_str() {
            Some("Runtime.exceptionThrown") => said["params"]["exceptionDetails"].to_string(),
            Some("Log.entryAdded") if entry["level"] == "error" => {
                format!("{}: {}", entry["url"], entry["text"])
            }
            _ => return,
        };
        // Browsers ask for it by themselves.
        if !what.contains("/favicon.ico") {
            self.complaints.push(what);
        }
    }

    /// Opens an address in a page of its own.
    pub(crate) fn open(&mut self, url: &str) -> Page {
        let page = self.page();
        self.go(&page, url);
        page
    }

    fn page(&mut self) -> Page {
        let made = self.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let target = made["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let attached = self.call(None, "Target.attachToTarget", attach);
        let page = Page(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(Some(&page), domain, json!({}));
        }
        page
    }

    pub(crate) fn go(&mut self, page: &Page, url: &str) {
        let gone = self.call(Some(page), "Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
        self.until(page, "document.readyState == 'complete'");
    }

    /// Pages from now on have no scripts.
    pub(crate) fn open_without_scripts(&mut self, url: &str) -> String {
        let page = self.page();
        let off = json!({"value": true});
        self.call(Some(&page), "Emulation.setScriptExecutionDisabled", off);
        let gone = self.call(Some(&page), "Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
        let until = Instant::now() + DEADLINE;
        loop {
            // The document may be another one between two questions.
            if let Some(html) = self.html(&page)
                && html.contains("</main>")
            {
                return html;
            }
            assert!(Instant::now() < until, "never {url}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn html(&mut self, page: &Page) -> Option<String> {
        let document = self
            .try_call(Some(page), "DOM.getDocument", json!({}))
            .ok()?;
        let node = json!({"nodeId": document["root"]["nodeId"]});
        let html = self.try_call(Some(page), "DOM.getOuterHTML", node).ok()?;
        Some(html["outerHTML"].as_str()?.to_owned())
    }

    /// What an expression comes to, once it has.
    pub(crate) fn value(&mut self, page: &Page, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let came = self.call(Some(page), "Runtime.evaluate", parameters);
        assert!(came["exceptionDetails"].is_null(), "{expression}: {came}");
        came["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, page: &Page, expression: &str) {
        let until = Instant::now() + DEADLINE;
        while self.value(page, expression) != true {
            assert!(Instant::now() < until, "never {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
