//! The lines at the bottom that are typed into, and what is typed on the one after `:`.

use super::{App, Line};
use crate::client::views::{SortKey, View, check_name};
use crate::domain::filter;
use crate::tui::command::{COMMANDS, Command};
use crate::tui::export::Form;
use crate::tui::msg::{Effect, Tone, ViewChange};
use crate::tui::route::{Route, Tab};
use crate::tui::scope_words;
use crate::tui::screens;
use crate::tui::screens::screen::Screen;
use crate::tui::term::clipboard;
use crate::tui::text::count;
use crate::tui::world::World;
use crossterm::event::{KeyCode, KeyEvent};

/// What is said where a filter is of no use.
const UNFILTERED: &str = "nothing on this screen can be filtered";

impl App {
    pub(super) fn paste_line(&mut self, text: &str) {
        match self.line.take() {
            Some(Line::Filter(mut line)) => {
                let (page, world) = self.page_mut();
                line.paste(text, page, world);
                self.line = Some(Line::Filter(line));
            }
            Some(Line::Command(mut edit)) => {
                edit.paste(text);
                self.line = Some(Line::Command(edit));
            }
            None => {}
        }
    }

    pub(super) fn line_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        match self.line.take() {
            Some(Line::Filter(mut line)) => {
                let (page, world) = self.page_mut();
                self.line = line.handle(key, page, world).then_some(Line::Filter(line));
                if self.line.is_none() {
                    self.finish_filtering();
                }
            }
            Some(Line::Command(mut edit)) => match key.code {
                KeyCode::Esc => {}
                KeyCode::Backspace if edit.text().is_empty() => {}
                KeyCode::Enter => return self.run_line(edit.text()),
                KeyCode::Tab => {
                    if let Some((text, cursor)) = self.complete(edit.text(), edit.cursor()) {
                        edit.put(&text, cursor);
                    }
                    self.line = Some(Line::Command(edit));
                }
                _ => {
                    edit.handle(key);
                    self.line = Some(Line::Command(edit));
                }
            },
            None => {}
        }
        Vec::new()
    }

    /// Runs what was typed: a command, and behind one that opens a list its filter and, with an `@`, whose rows.
    fn run_line(&mut self, typed: &str) -> Vec<Effect> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Vec::new();
        }
        let (first, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let rest = rest.trim();
        let is_view = self.world.views.get(first).is_some();
        let done = match (Command::parse(typed), Command::parse(first)) {
            // What a command could mean is one: a view takes no name from it, however it was saved.
            (Err(_), Err(_)) if is_view => self.recall(first, rest),
            // Without a column all of them stand there again.
            (Ok(command), _) if command != Command::Columns => return self.command(command),
            (_, Ok(command)) => self.run_with(command, rest),
            (said, Err(_)) => said.map(|_| Vec::new()),
        };
        done.unwrap_or_else(|said| {
            self.say(Tone::Bad, said);
            Vec::new()
        })
    }

    /// Runs a command with what was typed behind it.
    fn run_with(&mut self, command: Command, rest: &str) -> Result<Vec<Effect>, String> {
        match command {
            command if opens_list(command) => {
                // All of it is read before any of it is done.
                let (scopes, filter) = scope_words::split(rest, &self.world)?;
                if !filter.is_empty() {
                    let page = self.page_of(command)?;
                    let list = page.listing().ok_or(UNFILTERED)?;
                    list.check(&filter, &self.world).map_err(|error| error.to_string())?;
                }
                if let Some(scopes) = scopes {
                    self.narrow(scopes);
                }
                let effects = self.command(command);
                self.sync();
                if !filter.is_empty() || self.page().listing().is_some() {
                    self.filter_here(&filter)?;
                }
                Ok(effects)
            }
            Command::Filter => self.filter_here(rest).map(|()| Vec::new()),
            Command::SortBy => self.change_view(|view| view.sort = sort_keys(rest)),
            Command::Columns => self.change_view(|view| view.columns = words(rest)),
            Command::SaveView => self.save_view(rest),
            Command::Theme => self.choose_theme(rest).map(|()| Vec::new()),
            Command::Export => {
                self.finish_filtering();
                self.export(rest)
            }
            Command::ForgetView if self.world.views.get(rest).is_none() => Err(no_view(rest, &self.world)),
            Command::ForgetView => {
                self.say(Tone::Plain, format!("{rest} is forgotten"));
                Ok(vec![Effect::View(ViewChange::Forget(rest.to_owned()))])
            }
            _ => Err(format!("{} takes nothing behind it: {rest:?}", command.info().id)),
        }
    }

    /// A screen as a command would open it, to see what can be shown there.
    fn page_of(&self, command: Command) -> Result<Box<dyn Screen>, String> {
        let mut page = screens::open(&route_of(command).ok_or(UNFILTERED)?);
        page.sync(&self.world);
        page.handle(command, &self.world);
        Ok(page)
    }

    /// Shows a list as it was saved under a name, with a filter more.
    pub(super) fn recall(&mut self, name: &str, rest: &str) -> Result<Vec<Effect>, String> {
        let mut view = self.world.views.get(name).cloned().ok_or_else(|| no_view(name, &self.world))?;
        let opens = Command::of_id(&view.list).filter(|command| opens_list(*command));
        let command = opens.ok_or_else(|| format!("the view {name} is of a list that is not there: {}", view.list))?;
        let (scopes, more) = scope_words::split(rest, &self.world)?;
        if view.filter.is_empty() {
            view.filter = more;
        } else if !more.is_empty() {
            view.filter = format!("{} {more}", view.filter);
        }
        let misfit = |error: String| format!("the view {name}: {error}");
        let mut page = self.page_of(command)?;
        page.listing_mut().ok_or(UNFILTERED)?.set_view(&view, &self.world).map_err(misfit)?;
        if let Some(scopes) = scopes {
            self.narrow(scopes);
        }
        let effects = self.command(command);
        self.sync();
        let (page, world) = self.page_mut();
        let list = page.listing_mut().ok_or("the list is out of sight")?;
        list.set_view(&view, world).map_err(misfit)?;
        page.rest(world);
        self.unsynced = true;
        Ok(effects)
    }

    /// Saves what the open list shows under a name.
    fn save_view(&mut self, name: &str) -> Result<Vec<Effect>, String> {
        check_name(name)?;
        if Command::has_name(name) {
            return Err(format!("{name} is a command, or the start of one: choose another name"));
        }
        let leads_here = |command: &Command| route_of(*command).as_ref() == Some(self.history.here());
        let of_here = || COMMANDS.iter().map(|info| info.command).find(leads_here);
        let command = self.page().opened_by().or_else(of_here);
        let command = command.ok_or("views are saved of the screens 1 to 8 and of the legal holds")?;
        let mut view = self.page().listing().ok_or("nothing on this screen can be saved")?.view();
        command.info().id.clone_into(&mut view.list);
        self.say(Tone::Good, format!("saved: :{name} shows this again"));
        Ok(vec![Effect::View(ViewChange::Save(name.to_owned(), view))])
    }

    /// Looks like the theme of a name from now on, and says how that is kept.
    pub(super) fn choose_theme(&mut self, name: &str) -> Result<(), String> {
        let theme = self.world.themes.choose(name).map_err(|error| error.to_string())?;
        match self.world.themes.instead(name, &theme) {
            Some(why) => self.say(Tone::Plain, why),
            None => self.say(Tone::Good, format!("until you leave; to keep it: theme = \"{name}\" in config.toml")),
        }
        self.world.theme = theme;
        Ok(())
    }

    /// Copies what the open list shows, or writes it to a file.
    fn export(&mut self, rest: &str) -> Result<Vec<Effect>, String> {
        let (name, path) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let form = Form::named(name).ok_or_else(|| {
            let names: Vec<&str> = Form::ALL.iter().map(|(name, _)| *name).collect();
            format!("{name:?} is no form to export; there are {}", names.join(", "))
        })?;
        let list = self.page().listing().ok_or("there is no list on this screen")?;
        let export = list.export(&self.world);
        let text = export.text(form);
        let rows = count(export.rows.len(), "row", "rows");
        match path.trim() {
            "" if clipboard::fits(&text) => {
                self.say(Tone::Good, format!("copied {rows} as {name}"));
                Ok(vec![Effect::Copy(text)])
            }
            "" => Err(format!("{rows} are too much for the clipboard: name a file behind {name}")),
            path => Ok(vec![Effect::Export { path: path.to_owned(), text }]),
        }
    }

    /// Changes what the open list shows.
    fn change_view(&mut self, change: impl FnOnce(&mut View)) -> Result<Vec<Effect>, String> {
        let (page, world) = self.page_mut();
        let list = page.listing_mut().ok_or("there is no list on this screen")?;
        let mut view = list.view();
        change(&mut view);
        list.set_view(&view, world)?;
        page.rest(world);
        self.unsynced = true;
        Ok(Vec::new())
    }

    /// Filters the open list.
    fn filter_here(&mut self, text: &str) -> Result<(), String> {
        let (page, world) = self.page_mut();
        let list = page.listing().ok_or(UNFILTERED)?;
        list.check(text, world).and_then(|()| page.filter(text, world)).map_err(|error| error.to_string())
    }

    /// What was typed on the `:` line with more of it, and where the cursor is then, in bytes.
    fn complete(&self, typed: &str, cursor: usize) -> Option<(String, usize)> {
        let typed = typed.get(..cursor).filter(|_| cursor == typed.len())?;
        let Some((first, rest)) = typed.trim_start().split_once(char::is_whitespace) else {
            let begins = |name: &&str| !typed.trim().is_empty() && name.starts_with(typed.trim());
            let names = COMMANDS.iter().map(|info| info.id).chain(self.world.views.all().map(|(name, _)| name));
            let id = names.into_iter().find(begins)?;
            return Some((id.to_owned(), id.len()));
        };
        let before = typed.len() - rest.len();
        if let Some(word) = filter::terms(rest).last().filter(|word| word.starts_with('@') && rest.ends_with(*word)) {
            let name = scope_words::complete(word, &self.world)?;
            let text = format!("{}{name}", &typed[..typed.len() - word.len()]);
            return Some((text.clone(), text.len()));
        }
        let command = Command::parse(first).ok()?;
        if command == Command::Theme {
            let name = self.world.themes.names().find(|name| name.starts_with(rest))?;
            let text = format!("{}{name}", &typed[..before]);
            return Some((text.clone(), text.len()));
        }
        let route = match command {
            Command::Filter => self.history.here().clone(),
            command => route_of(command)?,
        };
        // A list that was never opened knows its fields, but no values yet.
        let unopened;
        let page = match self.pages.get(&route) {
            Some(page) => page.as_ref(),
            None => {
                unopened = screens::open(&route);
                unopened.as_ref()
            }
        };
        let found = page.listing()?.candidates(rest, rest.len(), &self.world)?;
        let (rest, cursor) = found.put(0, rest)?;
        Some((format!("{}{rest}", &typed[..before]), before + cursor))
    }
}

/// Whether a command opens a list, so that a filter can stand behind it.
fn opens_list(command: Command) -> bool {
    route_of(command).is_some()
}

/// Where a command leads that opens a list.
fn route_of(command: Command) -> Option<Route> {
    match command {
        Command::LegalHolds => Some(Route::LegalHolds),
        Command::BackupJobs | Command::CopyJobs | Command::RestoreJobs => Some(Route::Tab(Tab::Jobs)),
        other => Tab::of(other).map(Route::Tab),
    }
}

/// Names with spaces or commas between them.
fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Keys to sort by; one with a minus the other way round.
fn sort_keys(text: &str) -> Vec<SortKey> {
    let key = |word: String| {
        let by = word.trim_matches('-').to_owned();
        SortKey { reversed: by.len() < word.len(), by }
    };
    words(text).into_iter().map(key).collect()
}

fn no_view(name: &str, world: &World) -> String {
    let names: Vec<&str> = world.views.all().map(|(name, _)| name).collect();
    let meant = filter::meant(name, names.iter().copied());
    format!("no view is saved as {name}{meant}. There are: {}", names.join(", "))
}
