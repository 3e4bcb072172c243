//! What every study shares: running in steps, comparing networks, choosing data, and the page.
//!
//! # How to add a study
//!
//! A study is a folder `src/NAME/` with its measurement in Rust and its page in `page.md.jinja`.
//!
//! 1. **Register it** in `lib.rs`: `mod name;` and `name::STUDY` in `STUDIES`. For readers, list its question in
//!    `docs/reference/study.md` as well; a test compares the two lists.
//! 2. **Describe it**: `mod.rs` holds `STUDY`, a [`StudyInfo`](crate::StudyInfo) whose `make` measures and
//!    returns the page. Sizes for a full and a quick run are one [`Extents`].
//! 3. **Measure in steps.** [`StudyRun::step`](crate::StudyRun::step) takes a name, the settings that the
//!    result depends on, and the work. Results are kept as JSON; a changed setting measures again, and a
//!    renamed step or a field without a default makes kept results unreadable. Shared work:
//!    [`Sets`] chooses data, [`SetSteps`] runs steps on one set, [`Comparison`](comparison::Comparison)
//!    trains networks from several seeds, [`Subject`](comparison::Subject) is one of them after training,
//!    [`each_seed`](comparison::Comparison::each_seed) measures those of all seeds.
//!    Do nothing slow outside a step: `spectral study render` rebuilds the page without measuring.
//! 4. **Give the page its figures** (`page.rs`): a `#[derive(Serialize)]` struct of what the sentences use,
//!    and named tables, charts and rows of pictures on a [`Page`], then `page.render(run, TEMPLATE, &figures)`.
//!    Pictures of images come from `run.shown(part)` only. Round nothing here: the template does.
//! 5. **Write the page** (`page.md.jinja`), in the order of reading: `# title`, the findings as paragraphs,
//!    then `## sections`. Fields of the struct are variables, `study` and `quick` are there as well;
//!    a missing one is an error. Text is plain: no emphasis, links or lists.
//!
//! ```text
//! ## Training time
//!
//! {% if seeds > 1 %}Means over {{ seeds | plural("seed") }}.{% endif %}
//!
//! ### Time per epoch on {{ set }}
//! | model | time (s) | × {{ baseline }} |
//! {{ table("times") }}
//! > The median over the epochs.
//! ```
//!
//! The `###` line is the title of the table, chart or row of pictures that follows, the `|` line the names
//! of a table's columns, the `>` lines the note below it. Each exhibit stands on a line of its own and is
//! placed once. A table of words has its rows in the template as well: further `|` lines. Filters are in
//! `page/filters.rs`: numbers with a fraction need one. The sentence and the table of a comparison are
//! macros: `{% import "comparison" as comparison %}`.
//! To try words without compiling: `spectral study render NAME --out FOLDER --template FILE`.

pub(crate) mod closed_form;
pub(crate) mod comparison;
pub(crate) mod emulation;
mod extent;
pub(crate) mod field_network;
pub(crate) mod grids;
pub(crate) mod images;
mod ledger;
mod page;
pub(crate) mod rate;
pub(crate) mod run;
mod scene;
mod sets;
pub(crate) mod shown;

pub(crate) use extent::Extents;
pub(crate) use page::{Chart, Page, Table, line, row, spread};
pub(crate) use sets::{SetSteps, Sets};
