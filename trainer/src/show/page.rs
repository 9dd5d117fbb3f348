//! The page around its sections: heading, table of contents, style. HTML is put together from text that is escaped here.

use std::fmt::Write as _;

/// A page in the making.
pub(super) struct Page {
    title: String,
    lead: String,
    contents: String,
    sections: String,
}

impl Page {
    pub(super) fn new(title: &str) -> Page {
        let [lead, contents, sections] = [const { String::new() }; 3];
        Page { title: escape(title), lead, contents, sections }
    }

    /// What is said below the title, as HTML.
    pub(super) fn lead(&mut self, html: &str) {
        let _ = writeln!(self.lead, "<p>{html}</p>");
    }

    /// A section with a heading; `html` is what it holds.
    pub(super) fn section(&mut self, id: &str, heading: &str, html: &str) {
        let heading = escape(heading);
        let _ = writeln!(self.contents, "<li><a href=\"#{id}\">{heading}</a></li>");
        let _ = writeln!(
            self.sections,
            "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{html}</section>"
        );
    }

    pub(super) fn finish(self) -> String {
        let Page { title, lead, contents, sections } = self;
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n{lead}</header>\n\
             <nav aria-label=\"Contents\">\n<ul>\n{contents}</ul>\n</nav>\n<main>\n{sections}</main>\n</body>\n</html>\n"
        )
    }
}

/// Text as HTML shows it, also within quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A table with a caption; its first cells of each row are headings. Cells are text.
pub(super) fn table(caption: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut html = format!("<table>\n<caption>{}</caption>\n<thead><tr>", escape(caption));
    for heading in headings {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(heading));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let (open, close) = if place == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            let _ = write!(html, "{open}{}{close}", escape(cell));
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody>\n</table>\n"
}

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --card: #f4f6f8; --line: #d0d7de;
  --one: #0b5fad; --two: #b3470b; --three: #1a7f37; --four: #7d3fb5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a5afba; --paper: #0f1318; --card: #1a2028;
  --line: #3a434d; --one: #6db3f8; --two: #f0965b; --three: #5fca7b; --four: #c79bf0; } }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 4rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 1rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: .6rem 0 .3rem; line-height: 1.3; }
p { max-width: 50rem; margin: .5rem 0; }
a { color: var(--one); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.25rem; }
article { background: var(--card); border-radius: .5rem; padding: .75rem; }
article img { display: block; width: 100%; height: 11rem; object-fit: contain; background: #8884; border-radius: .25rem; }
article p, article li { font-size: .9rem; }
.facts { color: var(--soft); }
.said { margin: .3rem 0 0; padding-left: 1.1rem; }
.words { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem; padding: 0; list-style: none; }
.words svg { display: block; width: 100%; height: auto; border-radius: .25rem; }
.words span { font-weight: 600; }
.words small { display: block; color: var(--soft); }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 50rem; }
.chart { display: block; width: 100%; max-width: 50rem; height: auto; }
.chart text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.chart .axis, .chart .grid { stroke: var(--line); fill: none; }
.chart .series { fill: none; stroke-width: 2; }
.chart .bar { fill: var(--soft); fill-opacity: .35; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .75rem .2rem 0; text-align: left; }
summary { cursor: pointer; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<b title=\"x\" id='y'> & é"),
            "&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt; &amp; é"
        );
        let table = table("a < b", &["c&d"], &[vec!["<i>".to_owned(), "1".to_owned()]]);
        assert!(
            table.contains("<caption>a &lt; b</caption>") && table.contains("<th scope=\"col\">c&amp;d</th>")
        );
        assert!(table.contains("<th scope=\"row\">&lt;i&gt;</th><td>1</td>"), "{table}");
    }
}
