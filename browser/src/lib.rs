//! A browser without a window, and what tests ask of it.

use std::{
    ffi::OsStr,
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use headless_chrome::{
    Browser, LaunchOptions, Tab,
    protocol::cdp::{DOM, Emulation, Log::LogEntryLevel, Runtime, types::Event},
};
use serde_json::Value;

/// How long anything may take. Far above what is needed: a slow machine is no failure.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A browser of its own, which ends when this is dropped.
pub struct Chromium {
    browser: Browser,
    complaints: Arc<Mutex<Vec<String>>>,
}

/// A page of it.
#[derive(Clone)]
pub struct Page(Arc<Tab>);

impl Chromium {
    /// Starts one.
    ///
    /// # Panics
    /// When there is none, as every function here when something does not go well.
    #[must_use]
    pub fn start() -> Self {
        let args = ["--mute-audio", "--autoplay-policy=no-user-gesture-required"];
        let options = LaunchOptions::default_builder()
            .path(Some("/usr/bin/chromium".into()))
            .sandbox(false)
            .args(args.map(OsStr::new).to_vec())
            .idle_browser_timeout(DEADLINE)
            .build()
            .expect("options that go together");
        Self {
            browser: Browser::new(options).expect("a browser"),
            complaints: Arc::default(),
        }
    }

    /// What pages and the browser said that nobody asked for: exceptions, refusals of policies, failed requests.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("nobody panicked").clone()
    }

    /// Opens an address in a page of its own.
    #[must_use]
    pub fn open(&self, url: &str) -> Page {
        let page = self.page();
        page.go(url);
        page
    }

    /// The text of a page as it is without scripts.
    #[must_use]
    pub fn open_without_scripts(&self, url: &str) -> String {
        let page = self.page();
        let off = Emulation::SetScriptExecutionDisabled { value: true };
        page.0.call_method(off).expect("no scripts");
        page.0.navigate_to(url).expect(url);
        until(url, || page.html().filter(|html| html.contains("</main>")))
    }

    fn page(&self) -> Page {
        let tab = self.browser.new_tab().expect("a page");
        tab.enable_log().expect("its log");
        tab.enable_runtime().expect("its exceptions");
        let complaints = Arc::clone(&self.complaints);
        let hear = move |event: &Event| {
            let what = match event {
                Event::RuntimeExceptionThrown(thrown) => {
                    format!("{:?}", thrown.params.exception_details)
                }
                Event::LogEntryAdded(added) if added.params.entry.level == LogEntryLevel::Error => {
                    let entry = &added.params.entry;
                    format!("{:?}: {}", entry.url, entry.text)
                }
                _ => return,
            };
            // Browsers ask for it by themselves.
            if !what.contains("/favicon.ico") {
                complaints.lock().expect("nobody panicked").push(what);
            }
        };
        tab.add_event_listener(Arc::new(hear))
            .expect("what it says");
        Page(tab)
    }
}

impl Page {
    /// Goes to an address, and waits until all of it is there.
    pub fn go(&self, url: &str) {
        self.0.navigate_to(url).expect(url);
        self.until("document.readyState == 'complete' && location.href != 'about:blank'");
    }

    /// What an expression comes to, once it has.
    pub fn value(&self, expression: &str) -> Value {
        let given = self.evaluate(expression);
        given.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let evaluate = Runtime::Evaluate {
            expression: expression.to_owned(),
            await_promise: Some(true),
            return_by_value: Some(true),
            object_group: None,
            include_command_line_api: None,
            silent: None,
            context_id: None,
            generate_preview: None,
            user_gesture: None,
            throw_on_side_effect: None,
            timeout: None,
            disable_breaks: None,
            repl_mode: None,
            allow_unsafe_eval_blocked_by_csp: None,
            unique_context_id: None,
            serialization_options: None,
        };
        let came = self
            .0
            .call_method(evaluate)
            .map_err(|error| error.to_string())?;
        match came.exception_details {
            Some(details) => Err(format!("{details:?}")),
            None => Ok(came.result.value.unwrap_or(Value::Null)),
        }
    }

    /// Waits until an expression is true.
    pub fn until(&self, expression: &str) {
        // The document may be another one between two questions.
        until(expression, || {
            let given = self.evaluate(expression);
            (given == Ok(Value::Bool(true))).then_some(())
        });
    }

    fn html(&self) -> Option<String> {
        let document = DOM::GetDocument {
            depth: None,
            pierce: None,
        };
        let root = self.0.call_method(document).ok()?.root;
        let outer = DOM::GetOuterHTML {
            node_id: Some(root.node_id),
            backend_node_id: None,
            object_id: None,
            include_shadow_dom: None,
        };
        Some(self.0.call_method(outer).ok()?.outer_html)
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "never {what}");
        sleep(LOOK);
    }
}
