use serde_json::json;

use super::*;
use spectral_lab::report::{Block, ChartKind, to_html, to_markdown};

/// The page of a template with two tables, a chart and two rows of pictures.
fn filled(template: &str) -> Result<Report, String> {
    let mut page = Page::new();
    page.table("times", [row!["cnn", 1.5], row!["a|b", 2.0]]);
    page.chart("epochs", Chart::lines([line("cnn", 2, [(1.0, 0.5)])]));
    let picture = Picture {
        label: "1".into(),
        rows: 1,
        cols: 1,
        channels: 1,
        pixels: vec![7],
    };
    page.strip("kernels", vec![picture]);
    page.strip("nothing", Vec::new());
    let figures = json!({
        "accuracy": 0.98312, "seeds": 3, "count": 60_000, "none": null,
        "name": "# <b>*net*</b>\n\n## two | > three", "models": ["a", "b"],
    });
    (page.fill(&crate::studies()[0], true, template, &figures)).map_err(|error| error.to_string())
}

const REST: &str = "### Lines\n{{ chart('epochs', x='epoch') }}\n{{ strip('kernels') }}\n\
                    {{ strip('nothing') }}\n";

/// A page that places everything, with `text` in its section.
fn with(text: &str) -> Result<Report, String> {
    filled(&format!(
        "# Title\n## Part\n{text}\n| model | s |\n{{{{ table('times') }}}}\n{REST}"
    ))
}

fn problem(template: &str) -> String {
    filled(template).unwrap_err()
}

#[test]
fn a_template_becomes_title_findings_and_sections_in_its_order() {
    let report = filled(
        "# Networks of {{ seeds | plural('seed') }}\n\nThey reach {{ accuracy | percent(2) }}\n\
         test accuracy.\n{% if quick %}\n\nA quick run.\n{% endif %}\n\n## First\n\
         ### Accuracy (%) by epoch\n{{ chart('epochs', x='epoch') }}\n> Higher is\n> better.\n\n\
         Between, {{ study.name }}.\n\n### Time on {{ count | count }} images\n\
         | model | time (s) |\n{{ table('times') }}\n\n> Medians.\n## Second\n\
         {% for model in models %}\nOf {{ model }}.\n\n{% endfor %}\n### Kernels\n\
         {{ strip('kernels') }}\n### No pictures\n{{ strip('nothing') }}\n",
    )
    .unwrap();
    assert_eq!(report.title, "Networks of 3 seeds");
    assert_eq!(
        report.summary,
        ["They reach 98.31 % test accuracy.", "A quick run."]
    );
    let [first, second] = report.sections.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((&*first.heading, &*second.heading), ("First", "Second"));
    let [Block::Chart(chart), Block::Text(text), Block::Table(table)] = first.blocks.as_slice()
    else {
        panic!("{first:?}")
    };
    assert_eq!(chart.title, "Accuracy (%) by epoch");
    assert_eq!(chart.note, "Higher is better.");
    assert!(matches!(&chart.kind, ChartKind::Lines { x, .. } if x == "epoch"));
    assert_eq!(text, "Between, kk.");
    assert_eq!(table.title, "Time on 60,000 images");
    assert_eq!(table.columns, ["model", "time (s)"]);
    assert_eq!(table.note, "Medians.");
    let [Block::Text(a), Block::Text(b), Block::Strip(strip)] = second.blocks.as_slice() else {
        panic!("{second:?}")
    };
    assert_eq!((&**a, &**b, &*strip.title), ("Of a.", "Of b.", "Kernels"));
}

#[test]
fn figures_stay_text_whatever_they_hold() {
    let report = with("{{ name }}\n\n### {{ name }}").unwrap();
    let text = "# <b>*net*</b> ## two | > three";
    let Block::Text(paragraph) = &report.sections[0].blocks[0] else {
        panic!("{report:?}")
    };
    assert_eq!(paragraph, text);
    let Block::Table(table) = &report.sections[0].blocks[1] else {
        panic!("{report:?}")
    };
    assert_eq!(table.title, text);
    assert_eq!(report.sections.len(), 1);
    let escaped = r"\# &lt;b&gt;\*net\*&lt;/b&gt; \#\# two \| &gt; three";
    assert!(to_markdown(&report).contains(escaped));
    let page = to_html(&report).unwrap();
    assert!(
        page.contains("<p># &lt;b&gt;*net*&lt;&#x2f;b&gt;"),
        "{page}"
    );
    // A bar within the name of a column is written with a backslash.
    let report = filled(&format!(
        "# T\n## S\n| {{{{ name }}}} | \\|H\\| |\n{{{{ table('times') }}}}\n{REST}"
    ));
    let Block::Table(table) = &report.unwrap().sections[0].blocks[0] else {
        panic!("no table")
    };
    assert_eq!(table.columns, [text, "|H|"]);
}

#[test]
fn a_table_of_words_is_written_out() {
    let report = filled(&format!(
        "# T\n## S\n### Claims\n| claim | holds |\n{{% for model in models %}}\n\
         | {{{{ model }}}} is {{{{ name }}}} | {{{{ accuracy | percent }}}} |\n{{% endfor %}}\n> Note.\n\
         | a | b |\n{{{{ table('times') }}}}\n{REST}"
    ));
    let report = report.unwrap();
    let [Block::Table(claims), Block::Table(_), ..] = report.sections[0].blocks.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((&*claims.title, &*claims.note), ("Claims", "Note."));
    assert_eq!(claims.columns, ["claim", "holds"]);
    let first = [row!["a is # <b>*net*</b> ## two | > three", "98.3 %"]];
    assert_eq!(claims.rows[..1], first);
    assert_eq!(claims.rows.len(), 2);
    let error = problem("# T\n## S\n### Claims\n| a | b |\n| 1 |\n");
    assert!(
        error.contains("`Claims` has rows of 1 cells, but 2 columns"),
        "{error}"
    );
}

#[test]
fn exhibits_are_placed_by_their_names_and_once() {
    for (template, expected) in [
        (
            "{{ table('time') }}",
            "no table is named `time`; there are: times",
        ),
        (
            "{{ chart('times', x='s') }}",
            "`times` is a table, not a chart",
        ),
        ("{{ table('times') }}", "the table `times` has no `|` line"),
        (
            "| a |\n{{ table('times') }}",
            "rows of 2 cells, but 1 columns are named: a",
        ),
        (
            "| a | b |\n{{ strip('kernels') }}",
            "`kernels` has no columns to name",
        ),
        (
            "{{ chart('epochs', x='epoch') }}",
            "the chart `epochs` has no `###` line",
        ),
        (
            "### T\n{{ chart('epochs') }}",
            "the chart `epochs` has no axis",
        ),
        (
            "See {{ strip('kernels') }}.",
            "on a line of its own: See `kernels`.",
        ),
        (
            "{{ strip('kernels') }} {{ strip('kernels') }}",
            "on a line of its own",
        ),
        (
            "{{ strip('kernels') }}\n{{ strip('kernels') }}",
            "placed twice: strip(\"kernels\")",
        ),
        (
            "Text.",
            "never placed: chart(\"epochs\"), strip(\"kernels\"), strip(\"nothing\"), table(\"times\")",
        ),
    ] {
        let error = problem(&format!("# T\n## S\n{template}\n"));
        assert!(error.contains(expected), "{template}: {error}");
        assert!(error.starts_with("page of study kk: "), "{error}");
    }
    let error = problem("# T\n{{ strip('kernels') }}\n");
    assert!(
        error.contains("`kernels` stands before the first section"),
        "{error}"
    );
    let mut page = Page::new();
    page.table("times", [row![1.0]]);
    page.table("times", [row![2.0]]);
    let error = page
        .fill(&crate::studies()[0], false, "# T", &json!({}))
        .unwrap_err();
    assert!(
        error.to_string().contains("given twice: table(\"times\")"),
        "{error}"
    );
}

#[test]
fn what_a_figure_is_not_is_an_error_with_its_place() {
    for (template, expected) in [
        ("{{ acuracy | percent }}", "undefined value"),
        ("{{ acuracy }}", "undefined value"),
        ("{{ study.nam }}", "undefined value"),
        ("{{ none }}", "expected a text or a whole number, got none"),
        ("{{ models }}", "got sequence"),
        ("{{ accuracy }}", "a number with a fraction needs a filter"),
        ("{{ name | percent }}", "expected a number, got string"),
        ("{{ accuracy | percnt }}", "percnt"),
        ("{{ chart('epochs', y='epoch') }}", "y"),
    ] {
        let error = problem(&format!("# T\n\n{template}\n"));
        assert!(error.contains(expected), "{template}: {error}");
        assert!(error.contains("kk/page.md.jinja:3"), "{template}: {error}");
    }
}

#[test]
fn lines_that_a_page_has_no_room_for_are_refused() {
    for line in ["- one", "* one", "1. one", "#### deep", "---", "#no space"] {
        let error = with(line).unwrap_err();
        assert!(error.contains("is no line of a page"), "{line}: {error}");
    }
    for (template, expected) in [
        ("Text first.\n# T\n", "does not begin with `# `"),
        ("# T\n# U\n", "two"),
        ("## S\n", "the page has no title"),
        (
            "# T\n## S\n### U\n\nText.\n",
            "nothing follows the title `U`",
        ),
        (
            "# T\n## S\n| a |\n\nText.\n",
            "no table follows the columns `a`",
        ),
        (
            "# T\n## S\nText.\n> note\n",
            "the note `note` does not follow a table or a chart",
        ),
    ] {
        let error = problem(template);
        assert!(error.contains(expected), "{template}: {error}");
    }
    assert!(with("See 3.5, and +2 - or so.").is_ok());
}

#[test]
fn shared_words_say_whose_images_are_shown() {
    let words = |set: &str| {
        let template = "{% import 'pictures' as pictures %}\n# T\n\n{{ pictures.one_image(of) }}.\n\n\
                        {{ pictures.note(of) }}\n";
        let figures = json!({"of": crate::kit::shown::pictured(set)});
        let report = Page::new().fill(&crate::studies()[0], false, template, &figures);
        report.unwrap().summary
    };
    assert_eq!(words("fashion-mnist"), ["One image of fashion-mnist."]);
    let [one, note] = words("mnist").try_into().unwrap();
    assert_eq!(one, "One image of glyphs.");
    assert!(
        note.starts_with("No license is stated under which images of mnist"),
        "{note}"
    );
    assert_eq!(words("cifar-10")[0], "One drawn landscape.");
}

#[test]
fn a_template_may_write_the_rows_of_a_table_itself() {
    let report = with(
        "### {{ name }}\n| claim | holds |\n{% for model in models %}\n| {{ model }} | {{ accuracy | fixed(1) }} |\n\
         {% endfor %}\n| {{ name }} | a \\| b |\n> Noted.\n\n### Times",
    )
    .unwrap();
    let [Block::Table(own), Block::Table(times), ..] = report.sections[0].blocks.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((&*own.note, &*times.title), ("Noted.", "Times"));
    let text = "# <b>*net*</b> ## two | > three";
    assert_eq!(own.columns, ["claim", "holds"]);
    assert_eq!(
        own.rows,
        [row!["a", "1.0"], row!["b", "1.0"], row![text, "a | b"]]
    );
    let said = with("### T\n| a | b |\n| 1 | 2 | 3 |").unwrap_err();
    assert!(
        said.contains("the table `T` has rows of 3 cells, but 2 columns"),
        "{said}"
    );
}
