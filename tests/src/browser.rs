//! A file as a browser shows and prints it: Chromium, without a window.

use crate::server::succeed;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the browser is asked of the page in the frame. It is written into the page as ASCII, so that nothing has to be unescaped.
const MEASURE: &str = include_str!("browser/measure.js");

/// Measures a file at this width, in a light or a dark room.
///
/// The window cannot be as narrow as a phone, so the file is shown in a frame of a page that is.
pub fn measure(file: &Path, width: u32, dark: bool) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let wrapper = folder.path().join("wrapper.html");
    let frame = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><pre id=\"measured\"></pre>\
         <iframe id=\"frame\" src=\"file://{}\" style=\"border:0;width:{width}px;height:667px\"></iframe><script>{MEASURE}</script>",
        file.display()
    );
    fs::write(&wrapper, frame)?;
    let mut browser = chromium(folder.path());
    browser.arg("--allow-file-access-from-files").arg("--window-size=1400,900").arg("--dump-dom");
    // 0 is dark, 1 is light.
    browser.arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)));
    let dom = succeed(browser.arg(format!("file://{}", wrapper.display())))?;
    let measured = dom.split_once("<pre id=\"measured\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (measured, _) = measured.with_context(|| format!("nothing was measured: {dom}"))?;
    serde_json::from_str(measured).with_context(|| format!("the browser measured: {measured}"))
}

/// The pages of the file on paper, as their texts.
pub fn print(file: &Path) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let pdf = folder.path().join("printed.pdf");
    let mut browser = chromium(folder.path());
    browser.arg("--no-pdf-header-footer").arg(format!("--print-to-pdf={}", pdf.display()));
    succeed(browser.arg(format!("file://{}", file.display())))?;
    ensure!(fs::read(&pdf)?.starts_with(b"%PDF-"), "what was printed is no PDF");
    let text = succeed(Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-")).context(INSTALL)?;
    // A form feed ends each page.
    Ok(text.split_terminator('\u{c}').map(str::to_owned).collect())
}

const INSTALL: &str = "./pgrx-setup.sh test installs what is needed: chromium and poppler-utils";

fn chromium(profile: &Path) -> Command {
    // A browser that hangs must not hang the tests.
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", "120", "chromium"]);
    // Its sandbox refuses root, and nothing is shown here that the tests did not make.
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]);
    command.args(["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]);
    command.arg(format!("--user-data-dir={}", profile.join("profile").display()));
    command
}
