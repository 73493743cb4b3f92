//! The HTML report, looked at in a real browser: on a phone, on a desk, at night, and on paper.

use super::{PART, refused, report, with_more_in_the_books};
use anyhow::{Context, Result, ensure};
use rsl_tests::browser;
use rsl_tests::pair::Pair;
use rsl_tests::sample::Shape;
use serde_json::{Value, json};
use std::path::PathBuf;

const SIGNERS: [&str; 3] = ["Database administrator", "Lead developer", "Operations"];

/// Names that are markup, quotes, Korean, long without a place to break; and sums as long as they get.
const ODD: &str = "CREATE TABLE \"A<script>document.title='x'</script>&amp;\" (\"ID\"\"'<b>\" integer NOT NULL PRIMARY KEY, \"품목코드 & 이름\" nvarchar(40),
        \"A_VERY_LONG_COLUMN_NAME_THAT_GOES_ON_AND_ON_WITHOUT_A_PLACE\" decimal(15,6), \"</td></table><img src=x onerror=alert(1)>\" integer);
    INSERT INTO \"A<script>document.title='x'</script>&amp;\" VALUES (1, '너트 <i>cell</i>', 123456789.012345, 7), (2, NULL, -999999999.5, NULL);
    CREATE TABLE \"아주긴테이블이름_품목정보_원가_라우팅_작업지시_실적_그리고_더\" (ID integer PRIMARY KEY, N decimal(10,4));
    INSERT INTO \"아주긴테이블이름_품목정보_원가_라우팅_작업지시_실적_그리고_더\" VALUES (1, 1.2345);
    CREATE TABLE B_VIEW_WITH_A_NAME_THAT_GOES_ON_AND_ON_WITHOUT_ANY_PLACE_TO_BREAK (ID integer PRIMARY KEY);";

/// Writes the report of the last run, and returns where.
fn written(pair: &Pair, code: i32) -> Result<PathBuf> {
    let ended = report(pair, &["--last", "--output", "report.html"])?;
    ensure!(ended.code == Some(code), "{ended:#?}");
    Ok(pair.folder().join("report.html"))
}

/// What has to be so at every width and in every light.
fn check(page: &Value, width: u32, verdict: &str) -> Result<()> {
    let at = |what: &str| format!("{what} at {width} px: {page:#}");
    let number = |name: &str| page[name].as_f64().with_context(|| format!("{name}: {page:#}"));
    // A page with a scroll bar of its own is a little narrower than its frame.
    ensure!(
        number("width")? <= f64::from(width) && number("width")? > f64::from(width) - 20.0,
        at("the frame is not as wide as it should be")
    );
    ensure!(number("wide")? <= number("width")?, at("the page has to be scrolled sideways"));
    ensure!(page["cut"] == json!([]), at("something is cut off"));
    ensure!(page["stuckBoxes"] == 0, at("a table neither fits nor scrolls"));
    ensure!(
        number("verdictTop")? >= 0.0 && number("verdictBottom")? < 667.0,
        at("the verdict is not on the first screen")
    );
    ensure!(number("contrast")? >= 4.5, at("the contrast is too low"));
    ensure!(page["requests"] == json!([]) && page["pictures"] == 0, at("the page asks for something else"));
    ensure!(page["scripts"] == 0 && page["bold"] == 0, at("a name has become markup"));
    ensure!(
        page["language"] == "en" && page["headersWithoutScope"] == 0 && page["twins"] == 0,
        at("the markup is careless")
    );
    let headings: Vec<i64> =
        page["headings"].as_array().context("headings")?.iter().filter_map(Value::as_i64).collect();
    ensure!(
        headings.first() == Some(&1) && headings.iter().filter(|level| **level == 1).count() == 1,
        at("not one first heading")
    );
    ensure!(headings.windows(2).all(|pair| pair[1] <= pair[0] + 1), at("a level of headings is left out"));
    let text = page["text"].as_str().context("text")?;
    ensure!(
        text.contains(verdict) && SIGNERS.iter().all(|role| text.contains(role)),
        at("the verdict or the sign-off is missing")
    );
    Ok(())
}

fn check_everywhere(file: &std::path::Path, verdict: &str) -> Result<Value> {
    let mut last = Value::Null;
    let mut papers = Vec::new();
    for (width, dark) in [(375, false), (375, true), (1280, true), (1280, false)] {
        let page = browser::measure(file, width, dark)?;
        check(&page, width, verdict)?;
        papers.push(page["paper"].clone());
        last = page;
    }
    ensure!(
        papers[0] == papers[3] && papers[1] == papers[2] && papers[0] != papers[1],
        "dark is as light as light: {papers:?}"
    );
    Ok(last)
}

fn check_printed(pages: &[String], verdict: &str) -> Result<()> {
    // Lines break and columns are spread wherever the paper wants it.
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let pages: Vec<String> = pages.iter().map(|page| squeezed(page)).collect();
    let verdict = &squeezed(verdict);
    let first = pages.first().context("no page was printed")?;
    let last = pages.last().context("no page was printed")?;
    ensure!(first.contains(verdict), "the verdict is not on the first page: {first}");
    ensure!(
        SIGNERS.iter().all(|role| last.contains(&squeezed(role))) && last.contains("Signature"),
        "the sign-off is not on the last page, whole: {last}"
    );
    ensure!(last.contains(verdict), "what is signed is not named on the page that is signed: {last}");
    for (at, page) in pages.iter().enumerate() {
        let number = format!("{}/{}", at + 1, pages.len());
        ensure!(page.ends_with(&number), "page {number} has no number: {page}");
    }
    Ok(())
}

#[test]
fn one_table() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.exact(&["PART"])?;
    let file = written(&pair, 0)?;
    let page = check_everywhere(&file, "Exact")?;
    ensure!(page["bars"].as_array().map(Vec::len) == Some(2) && page["tables"] == 4, "{page:#}");
    let printed = browser::print(&file)?;
    ensure!(printed.len() <= 2, "{} pages for one small table", printed.len());
    check_printed(&printed, "Exact")
}

#[test]
fn fifteen_tables() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 200)?;
    let pulled = pair.exact(&["--all", "--mode", "replace"])?;
    let count = pulled["tables"].as_array().map_or(0, Vec::len);
    ensure!(count == 15, "{count} tables");
    let file = written(&pair, 0)?;
    let page = check_everywhere(&file, "Exact")?;
    // Bars are as long as what they stand for: the most rows the longest.
    let bars: Vec<f64> = page["bars"].as_array().context("bars")?.iter().filter_map(Value::as_f64).collect();
    let rows: Vec<f64> = pulled["tables"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|table| table["source_rows"].as_f64())
        .collect();
    ensure!(bars.len() == 30 && rows.len() == 15, "{bars:?}");
    let most = rows.iter().copied().fold(0.0, f64::max);
    let longest = bars.iter().step_by(2).copied().fold(0.0, f64::max);
    for (bar, rows) in bars.iter().step_by(2).zip(&rows) {
        let expected = (rows / most).max(0.005) * longest;
        ensure!((bar - expected).abs() < 1.0, "a bar of {bar} for {rows} rows, {expected} expected");
    }
    let printed = browser::print(&file)?;
    ensure!((4..=12).contains(&printed.len()), "{} pages for 15 tables", printed.len());
    check_printed(&printed, "Exact")?;
    // The head of a table that goes on over the page is there again.
    let heads = printed.iter().filter(|page| page.contains("Sum, stream")).count();
    ensure!(heads >= 3, "{printed:#?}");
    Ok(())
}

#[test]
fn a_failed_load() -> Result<()> {
    let pair = refused()?;
    ensure!(pair.ended(&["PART", "ITEM"])?.code == Some(1));
    let file = written(&pair, 1)?;
    let page = check_everywhere(&file, "NOT exact")?;
    let text = page["text"].as_str().unwrap_or_default();
    ensure!(text.contains("FAILED PART → erp.part") && text.contains("SQLSTATE 23514"), "{text}");
    check_printed(&browser::print(&file)?, "NOT exact")
}

#[test]
fn rejects_and_losses() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.exact(&["PART", "ITEM"])?;
    with_more_in_the_books(&pair.database)?;
    let file = written(&pair, 1)?;
    let page = check_everywhere(&file, "Exact, but for what is listed")?;
    let text = page["text"].as_str().unwrap_or_default();
    for said in [
        "Rejected rows: 12, of which the first 10",
        "{\"part_no\": \"<b>1\"}",
        "Sum, source",
        "Smallest",
        "length 6",
    ] {
        ensure!(text.contains(said), "\"{said}\" is missing: {text}");
    }
    check_printed(&browser::print(&file)?, "Exact, but for what is listed")
}

#[test]
fn odd_and_long_names() -> Result<()> {
    let pair = Pair::new(ODD)?;
    pair.database.run("CREATE SCHEMA erp; CREATE TABLE erp.b_view_with_a_name_that_goes_on_and_on_without_any_place_to_bre (id int)")?;
    pair.exact(&["--all", "--mode", "replace"])?;
    let file = written(&pair, 0)?;
    let page = check_everywhere(&file, "Exact")?;
    let text = page["text"].as_str().context("text")?;
    for name in [
        "A<script>document.title='x'</script>&amp;",
        "id\"'<b>",
        "품목코드 & 이름",
        "아주긴테이블이름_품목정보_원가_라우팅_작업지시_실적_그리고_더",
        "</td></table><img src=x onerror=alert(1)>",
        "a_very_long_column_name_that_goes_on_and_on_without_a_place",
    ] {
        ensure!(text.contains(name), "the name \"{name}\" does not read as it is: {text}");
    }
    ensure!(!text.contains("cell"), "a value is shown: {text}");
    let source = std::fs::read_to_string(&file)?;
    for begins in
        ["<script", "<img", "onerror=alert(1)>", "src=", "href=", "url(", "@import", "http:", "https:"]
    {
        let escaped = source.replace("&lt;", "").replace("&#60;", "");
        let count = escaped.matches(begins).count();
        // What is left of the names themselves, which stand in the text.
        let in_names = if ["onerror=alert(1)>", "src="].contains(&begins) {
            escaped.matches("src=x onerror").count()
        } else {
            0
        };
        ensure!(count <= in_names, "the file contains {begins}");
    }
    check_printed(&browser::print(&file)?, "Exact")?;
    // In a table of Markdown no name ends its cell or begins markup.
    let markdown = report(&pair, &["--last", "--format", "markdown"])?.stdout;
    ensure!(
        !markdown.contains("<script") && !markdown.contains("<img") && !markdown.contains("<b>"),
        "{markdown}"
    );
    Ok(())
}
