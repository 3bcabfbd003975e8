//! The main command, as a list of stages with a gate after each: targets, readings, texts, plan, disk.
//!
//! Nothing is written unless every schema is right and nothing stands in the way.

use std::path::{Path, PathBuf};

use procwire_schema::{Code, Diagnostics, Reading, Schema, Severity};

use super::arguments::Generate;
use super::disk;
use super::paths;
use super::plan::{self, Made, Plan};
use super::project::{self, Target};
use super::tell::Teller;
use super::{Exit, Stop};
use crate::files::Ownership;
use crate::target::{Language, generate, missing_handlers};

/// Does what the arguments ask for.
pub(crate) fn run(arguments: &Generate, tell: &mut Teller) -> Result<Exit, Stop> {
    let targets = targets(arguments)?;
    let readings = read(&targets, tell)?;
    let made = make(&targets, &readings, tell)?;
    let plan = plan::plan(&made);
    if !plan.obstacles.is_empty() {
        return Err(Stop::sentences(Exit::Usage, plan.obstacles));
    }
    let exit = if arguments.check {
        check(&plan, tell)
    } else {
        write(&plan, tell)?
    };
    tell_missing(&plan, &made, &targets, &readings, tell);
    Ok(exit)
}

fn targets(arguments: &Generate) -> Result<Vec<Target>, Stop> {
    let Some(schema) = &arguments.schema else {
        let here = std::env::current_dir()
            .map_err(|error| Stop::usage(format!("the current folder cannot be read: {error}")))?;
        let Some(file) = project::find(&here) else {
            return Err(Stop::usage(
                "there is no SCHEMA on the command line and no procwire.toml here or above.\n\
                 Give a schema (`procwire-gen pdf.toml --lang python --out worker`), or start a project \
                 (`procwire-gen new python NAME`); see `procwire-gen --help`"
                    .to_owned(),
            ));
        };
        return project::read(&file).map_err(|wrong| Stop::sentences(Exit::Usage, wrong));
    };
    let (langs, outs) = (arguments.lang.len(), arguments.out.len());
    if outs != 1 && outs != langs {
        return Err(Stop::usage(format!(
            "{langs} languages and {outs} folders: give one --out for all, or one for each --lang, in their order"
        )));
    }
    Ok(arguments
        .lang
        .iter()
        .zip(arguments.out.iter().cycle())
        .map(|(&language, out)| Target {
            schema: schema.clone(),
            language,
            out: out.clone(),
        })
        .collect())
}

/// Every schema once, in the order of the targets.
struct Readings {
    list: Vec<(PathBuf, Reading)>,
}

impl Readings {
    fn of(&self, path: &Path) -> Option<&Reading> {
        self.list
            .iter()
            .find(|(there, _)| there == path)
            .map(|(_, reading)| reading)
    }

    fn schema(&self, path: &Path) -> Option<&Schema> {
        self.of(path).and_then(|reading| reading.schema.as_ref())
    }
}

fn read(targets: &[Target], tell: &mut Teller) -> Result<Readings, Stop> {
    let mut readings = Readings { list: Vec::new() };
    for target in targets {
        if readings.of(&target.schema).is_none() {
            // shown as a person would write it from here, so that a click on a message finds the file
            let reading = procwire_schema::read(Path::new(&paths::shown(&target.schema)));
            tell.diagnostics(&reading.diagnostics, &reading.sources);
            readings.list.push((target.schema.clone(), reading));
        }
    }
    let errors: Vec<Code> = readings
        .list
        .iter()
        .flat_map(|(_, reading)| reading.diagnostics.iter())
        .filter(|one| one.severity() == Severity::Error)
        .map(|one| one.code)
        .collect();
    if !errors.is_empty()
        || readings
            .list
            .iter()
            .any(|(_, reading)| reading.schema.is_none())
    {
        let only_files = !errors.is_empty()
            && errors
                .iter()
                .all(|code| matches!(code, Code::Unreadable | Code::UnknownFormat));
        return Err(Stop::told(if only_files {
            Exit::Usage
        } else {
            Exit::Schema
        }));
    }
    for target in targets {
        let types_only = readings
            .schema(&target.schema)
            .is_some_and(|schema| schema.module().is_none());
        if types_only && target.language != Language::Rust {
            return Err(Stop::usage(format!(
                "{} holds types only, so there is no worker to generate: import it from a schema with a [module]",
                paths::shown(&target.schema)
            )));
        }
    }
    Ok(readings)
}

fn make(targets: &[Target], readings: &Readings, tell: &mut Teller) -> Result<Vec<Made>, Stop> {
    let mut made = Vec::new();
    let mut refused = false;
    for target in targets {
        let Some(reading) = readings.of(&target.schema) else {
            continue;
        };
        let Some(schema) = &reading.schema else {
            continue;
        };
        let source = paths::source_name(&target.schema);
        match generate(schema, target.language, &source) {
            Ok(files) => made.push(Made {
                language: target.language,
                source,
                out: target.out.clone(),
                files,
            }),
            Err(list) => {
                refused = true;
                let mut found = Diagnostics::new();
                found.extend(list);
                tell.diagnostics(&found, &reading.sources);
            }
        }
    }
    if refused {
        return Err(Stop::told(Exit::Schema));
    }
    Ok(made)
}

fn check(plan: &Plan, tell: &mut Teller) -> Exit {
    // a user's file that is not there is the user's decision
    let due: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.ownership == Ownership::Generated)
        .collect();
    for change in &due {
        tell.due(change);
    }
    match due.len() {
        0 => {
            tell.fresh(&plan.fresh);
            Exit::Done
        }
        stale => {
            tell.error(&format!(
                "{} out of date: run `procwire-gen` with the same arguments and without --check",
                if stale == 1 {
                    "1 generated file is".to_owned()
                } else {
                    format!("{stale} generated files are")
                }
            ));
            Exit::Stale
        }
    }
}

fn write(plan: &Plan, tell: &mut Teller) -> Result<Exit, Stop> {
    for change in &plan.changes {
        disk::apply(change).map_err(Stop::usage)?;
        tell.changed(change);
    }
    tell.fresh(&plan.fresh);
    Ok(Exit::Done)
}

fn tell_missing(
    plan: &Plan,
    made: &[Made],
    targets: &[Target],
    readings: &Readings,
    tell: &mut Teller,
) {
    // every target gave one making, or none was written at all
    for kept in &plan.kept {
        let target = &targets[kept.made];
        if let Some(schema) = readings.schema(&target.schema)
            && let Some(handlers) = missing_handlers(schema, made[kept.made].language, &kept.text)
        {
            tell.missing(&kept.path, &handlers);
        }
    }
}
