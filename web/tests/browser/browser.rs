//! A browser in front of a running web. Every look waits until there is something to see, and names what was not.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use futures_util::FutureExt;
use serde_json::{Value, json};
use thirtyfour::common::print::PrintParameters;
use thirtyfour::testing::run_browser_test;
use thirtyfour::{By, ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, Key, TypingData, WebDriver, WebElement};

use crate::support::Web;

/// A person at a browser.
pub struct Browser {
    driver: WebDriver,
    pub web: Web,
    /// The origin that the pages are opened under.
    base: String,
}

/// Options the browser starts with.
#[derive(Default)]
pub struct Person {
    /// `Accept-Language`.
    pub language: &'static str,
    pub pages_work_without_javascript: bool,
}

/// Runs a test for somebody who reads English.
pub fn browse(test: impl AsyncFnOnce(&Browser)) {
    browse_as(&Person { language: "en", ..Person::default() }, test);
}

/// Runs a test in a browser on a web of its own.
pub fn browse_as(person: &Person, test: impl AsyncFnOnce(&Browser)) {
    let web = Web::start(&[]);
    let base = web.url("");
    browse_under(base, web, person, test);
}

/// Runs a test in a browser that reaches `web` under the origin `base`, and keeps a picture of the page on which it failed.
pub fn browse_under(base: String, web: Web, person: &Person, test: impl AsyncFnOnce(&Browser)) {
    let session = WebDriver::new(driver(), capabilities(person));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = run_browser_test(session, |driver| async move {
        // a busy machine takes long over what axe-core looks at
        driver.set_script_timeout(testkit::DEADLINE).await?;
        let browser = Browser { driver, web, base };
        let tested = std::panic::AssertUnwindSafe(test(&browser)).catch_unwind().await;
        if let Err(failure) = tested {
            let name = thread::current().name().unwrap_or_default().replace("::", "-");
            browser.screenshot(&format!("failed-{name}")).await;
            std::panic::resume_unwind(failure);
        }
        Ok(())
    });
    runtime.block_on(run).unwrap_or_else(|error: thirtyfour::testing::BrowserTestError| panic!("{error}"));
}

/// The URL of a chromedriver that ends with this process.
fn driver() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let (started, url) = std::sync::mpsc::channel();
        testkit::http::provide_tls();
        // it dies with the thread that starts it, so that one stays
        thread::spawn(move || {
            let home = tempfile::tempdir().unwrap();
            let mut command = testkit::process::command("chromedriver");
            let mut child = testkit::process::Child::spawn(command.arg("--port=0").env("HOME", home.path()));
            let line = child.line("successfully on port");
            let port = line.rsplit(' ').next().unwrap().trim_end_matches('.');
            started.send(format!("http://127.0.0.1:{port}")).unwrap();
            loop {
                thread::park();
            }
        });
        url.recv().expect("chromedriver: the Debian package chromium-driver")
    })
}

fn capabilities(person: &Person) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    // a pipe closes with the driver, and the browser with the pipe
    let mut arguments = vec![
        "--headless=new",
        "--remote-debugging-pipe",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--lang=en-US",
        "--host-resolver-rules=MAP clinic.example 127.0.0.1",
        "--window-size=1280,900",
    ];
    arguments.extend(["--hide-scrollbars", "--force-color-profile=srgb", "--disable-background-networking"]);
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox");
    }
    let javascript = if person.pages_work_without_javascript { 2 } else { 1 };
    let preferences = json!({
        "intl.accept_languages": person.language,
        "profile.managed_default_content_settings.javascript": javascript,
    });
    capabilities.add_experimental_option("args", arguments).unwrap();
    capabilities.add_experimental_option("prefs", preferences).unwrap();
    capabilities
}

/// Directory of the screenshots.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Light or dark, as the system prefers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Browser {
    pub async fn open(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.base)).await.unwrap();
    }

    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// The path and query of the page.
    pub async fn place(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.base).unwrap().to_owned()
    }

    pub async fn title(&self) -> String {
        self.driver.title().await.unwrap()
    }

    /// Looks until something is seen.
    async fn eventually<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(start.elapsed() < testkit::DEADLINE, "{what}: not seen at {}", self.place().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The first element that a selector finds.
    pub async fn element(&self, css: &str) -> WebElement {
        self.eventually(css, async || self.driver.find(By::Css(css)).await.ok()).await
    }

    /// Number of elements that a selector finds now.
    pub async fn count(&self, css: &str) -> usize {
        self.driver.find_all(By::Css(css)).await.unwrap().len()
    }

    /// Waits until the first element of a selector shows a text.
    pub async fn shows(&self, css: &str, text: &str) {
        let what = format!("{text:?} in {css}");
        let look = async || self.driver.find(By::Css(css)).await.ok()?.text().await.ok().filter(|shown| shown.contains(text));
        self.eventually(&what, look).await;
    }

    pub async fn click(&self, css: &str) {
        self.eventually(css, async || self.driver.find(By::Css(css)).await.ok()?.click().await.ok()).await;
    }

    /// Replaces what a field has.
    pub async fn enter(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Types a day (month, day, year, as American keyboards have it) into a date field.
    pub async fn enter_date(&self, css: &str, typed: &str) {
        self.element(css).await.send_keys(typed).await.unwrap();
    }

    /// Chooses an option by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value='{value}']")).await;
    }

    /// Types wherever the keyboard is.
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        self.driver.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Goes on by Tab until the keyboard is at what a selector finds; whatever it passes can be seen.
    pub async fn tab_to(&self, css: &str) {
        for _ in 0..60 {
            self.keys(Key::Tab + "").await;
            let at: Value =
                self.js(&format!("{SEEN} return [seen(document.activeElement), document.activeElement.matches({css:?})];")).await;
            assert_eq!(at[0], true, "a focused element that is not visible, at {}", self.place().await);
            if at[1] == true {
                return;
            }
        }
        panic!("{css} is not reached by Tab at {}", self.place().await);
    }

    /// Runs a script in the page.
    pub async fn js(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Waits until an expression is true in the page.
    pub async fn until(&self, expression: &str) {
        let script = format!("return !!({expression});");
        self.eventually(expression, async || {
            let value = self.driver.execute(script.as_str(), Vec::new()).await.ok()?;
            (value.json() == &Value::Bool(true)).then_some(())
        })
        .await;
    }

    /// A command of Chromium's own protocol.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A screen of this width in CSS pixels that is as high as the page, but at least `height`; and its scheme.
    pub async fn screen(&self, width: u32, height: u32, scheme: Scheme) {
        self.window(width, height).await;
        let whole = self.js("return document.documentElement.scrollHeight;").await.as_u64().unwrap();
        self.window(width, u32::try_from(whole).unwrap().max(height)).await;
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.name() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// A window of this size in CSS pixels.
    pub async fn window(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Leaves a picture of the whole page.
    pub async fn screenshot(&self, name: &str) {
        let taken = self.driver.screenshot_as_png().await.unwrap();
        fs::write(pictures().join(format!("{name}.png")), taken).unwrap();
    }

    /// Leaves what a printer would get.
    pub async fn print(&self, name: &str) {
        let printed = self.driver.print_page(PrintParameters::default()).await.unwrap();
        fs::write(pictures().join(format!("{name}.pdf")), printed).unwrap();
    }

    /// No violation of WCAG 2.2 AA that axe-core can find.
    pub async fn is_accessible(&self, what: &str) {
        assert_eq!(self.violations().await, Vec::<String>::new(), "{what}");
    }

    /// Violations that axe-core finds on the page.
    pub async fn violations(&self) -> Vec<String> {
        const RUN: &str = "const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            axe.run(document, { runOnly: tags, resultTypes: ['violations'] }).then((found) => done(found.violations.map(
                ({ id, help, nodes }) => `${id}: ${help}: ` + nodes.map((node) => `${node.target} ${node.any.map((any) => any.message)}`).join('; '))),
                (error) => done([String(error)]));";
        if self.js("return !window.axe;").await == true {
            self.driver.execute(axe(), Vec::new()).await.unwrap();
        }
        self.driver.execute_async(RUN, Vec::new()).await.unwrap().convert().unwrap()
    }
}

/// Script: the focused element is visible, and so is its focus.
const SEEN: &str = "const seen = (element) => {
    const { width, height, top, bottom, left, right } = element.getBoundingClientRect();
    const inside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    const outlined = (of) => of && getComputedStyle(of).outlineStyle !== 'none';
    return element === document.body || element.id === 'main'
        || (width > 0 && height > 0 && inside && (outlined(element) || outlined(element.closest(':focus-within:not(body, html)'))
            || outlined(element.parentElement)));
};";

/// axe-core's script. It isn't part of this repository.
fn axe() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm/node_modules/axe-core/axe.min.js");
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("axe-core, which ./dev test installs: {}: {error}", path.display()))
    })
}
