//! A form: fields one below the other, each with what is wrong shown at it.

mod field;
mod going;
mod reader;

pub use reader::{FieldError, Reader};

use crate::domain::Secret;
use crate::tui::paint::Painter;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crate::tui::widgets::picker::{Choice, Picker, PickerEvent};
use crate::tui::widgets::secret::SecretEdit;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::cell::Cell as Memo;

/// What a field holds.
#[derive(Debug)]
pub enum Kind {
    /// A line of text.
    Text(Edit),
    /// A secret.
    Secret(SecretEdit),
    /// One of a few, turned through with the arrows.
    Turn {
        /// The options: value, label.
        options: Vec<(String, String)>,
        /// Which one.
        at: usize,
    },
    /// One of many, from a list that opens with enter.
    Pick {
        /// The options.
        choices: Vec<Choice>,
        /// The value of the chosen one; it may be none of the options.
        value: String,
    },
    /// Yes or no.
    Toggle(bool),
    /// Nothing that can be changed: a heading, or a text that explains.
    Note(Role),
}

/// One field.
#[derive(Debug)]
pub struct Field {
    id: &'static str,
    label: String,
    kind: Kind,
    hint: String,
    error: Option<String>,
    disabled: Option<String>,
    hidden: bool,
}

/// The fields, and which of them has the keys.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<Field>,
    focus: usize,
    picker: Option<Picker>,
    /// The open list of the fields themselves, of which one is gone to.
    fields_list: Option<Picker>,
    /// Whether the first letter that is typed replaces what stands in the field.
    replaces: bool,
    /// The first line that the last frame showed.
    offset: Memo<usize>,
}

/// What a key did in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormEvent {
    /// Something was changed: the values must be looked at again.
    Changed,
    /// Only the focus moved, or a list opened or closed.
    Moved,
    /// The form is to be taken as it is: `ctrl-s`, or enter in its last field.
    Submit,
    /// The form does not know the key.
    Unknown,
}

impl Form {
    /// Adds a line of text.
    pub fn text(&mut self, id: &'static str, label: &str, value: &str) -> &mut Self {
        self.add(id, label, Kind::Text(Edit::new(value)))
    }

    /// Adds a secret, which no value tells but [`Form::secret`].
    pub fn hidden(&mut self, id: &'static str, label: &str) -> &mut Self {
        self.add(id, label, Kind::Secret(SecretEdit::default()))
    }

    /// Adds a choice of a few.
    pub fn turn(&mut self, id: &'static str, label: &str, options: &[(&str, &str)], value: &str) -> &mut Self {
        let options: Vec<_> = options.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect();
        let at = options.iter().position(|(option, _)| option == value).unwrap_or(0);
        self.add(id, label, Kind::Turn { options, at })
    }

    /// Adds a choice of many.
    pub fn pick(&mut self, id: &'static str, label: &str, choices: Vec<Choice>, value: &str) -> &mut Self {
        self.add(id, label, Kind::Pick { choices, value: value.to_owned() })
    }

    /// Adds a yes or no.
    pub fn toggle(&mut self, id: &'static str, label: &str, value: bool) -> &mut Self {
        self.add(id, label, Kind::Toggle(value))
    }

    /// Adds a text that explains, or a heading.
    pub fn note(&mut self, id: &'static str, text: &str, role: Role) -> &mut Self {
        self.add(id, text, Kind::Note(role))
    }

    fn add(&mut self, id: &'static str, label: &str, kind: Kind) -> &mut Self {
        let (label, hint) = (label.to_owned(), String::new());
        self.fields.push(Field { id, label, kind, hint, error: None, disabled: None, hidden: false });
        if self.fields.len() == 1 || !self.takes_keys(self.focus) {
            self.focus = self.fields.iter().position(Field::takes_keys).unwrap_or(0);
        }
        self
    }

    fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    fn field_mut(&mut self, id: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.id == id)
    }

    /// Says something about a field, below it while it has the keys.
    pub fn hint(&mut self, id: &str, hint: &str) -> &mut Self {
        if let Some(field) = self.field_mut(id) {
            hint.clone_into(&mut field.hint);
        }
        self
    }

    /// Shows a field disabled with the reason, or enables it.
    pub fn disable(&mut self, id: &str, reason: Option<&str>) -> &mut Self {
        if let Some(field) = self.field_mut(id) {
            field.disabled = reason.map(str::to_owned);
        }
        self
    }

    /// Hides or shows a field.
    pub fn hide(&mut self, id: &str, hidden: bool) -> &mut Self {
        if let Some(field) = self.field_mut(id) {
            field.hidden = hidden;
        }
        if !self.takes_keys(self.focus) {
            self.step(true);
        }
        self
    }

    /// Changes a field's label or a note's text.
    pub fn label(&mut self, id: &str, label: &str) -> &mut Self {
        if let Some(field) = self.field_mut(id) {
            label.clone_into(&mut field.label);
        }
        self
    }

    /// Gives other choices to a field that picks; an empty value takes the first that can be chosen.
    pub fn choices(&mut self, id: &str, new: Vec<Choice>) -> &mut Self {
        if let Some(Field { kind: Kind::Pick { value, .. }, .. }) = self.field_mut(id)
            && value.is_empty()
            && let Some(first) = new.iter().find(|choice| choice.disabled.is_none())
        {
            value.clone_from(&first.value);
        }
        self.offer(id, new)
    }

    /// Gives other choices to a field that picks, and chooses none.
    pub fn offer(&mut self, id: &str, new: Vec<Choice>) -> &mut Self {
        let focused = self.fields.get(self.focus).is_some_and(|field| field.id == id);
        if focused && let Some(picker) = &mut self.picker {
            picker.set(new.clone());
        }
        if let Some(Field { kind: Kind::Pick { choices, .. }, .. }) = self.field_mut(id) {
            *choices = new;
        }
        self
    }

    /// Gives other options to a field that is turned; the value stays where it is among them.
    pub fn options(&mut self, id: &str, new: Vec<(String, String)>) -> &mut Self {
        if let Some(Field { kind: Kind::Turn { options, at }, .. }) = self.field_mut(id) {
            let value = options.get(*at).map(|(value, _)| value);
            *at = new.iter().position(|(option, _)| Some(option) == value).unwrap_or(0);
            *options = new;
        }
        self
    }

    /// Shows what is wrong at each field; fields that are not named are right.
    pub fn show_errors(&mut self, errors: &[FieldError]) {
        for field in &mut self.fields {
            field.error = errors.iter().find(|error| error.field == field.id).map(|error| error.text.clone());
        }
    }

    /// Moves to the first field that is wrong.
    pub fn focus_error(&mut self) {
        if let Some(place) = self.fields.iter().position(|field| field.error.is_some() && field.takes_keys()) {
            self.focus = place;
        }
    }

    /// Moves to a field.
    pub fn focus(&mut self, id: &str) {
        if let Some(place) = self.fields.iter().position(|field| field.id == id && field.takes_keys()) {
            self.focus = place;
        }
    }

    /// The field that has the keys.
    pub fn focused(&self) -> &'static str {
        self.fields.get(self.focus).map_or("", |field| field.id)
    }

    /// The value of a field as text; empty for one that is not there.
    pub fn value(&self, id: &str) -> &str {
        match self.field(id).map(|field| &field.kind) {
            Some(Kind::Text(edit)) => edit.text(),
            Some(Kind::Turn { options, at }) => options.get(*at).map_or("", |(value, _)| value),
            Some(Kind::Pick { value, .. }) => value,
            Some(Kind::Toggle(true)) => "true",
            Some(Kind::Toggle(false)) => "false",
            Some(Kind::Secret(_) | Kind::Note(_)) | None => "",
        }
    }

    /// Sets a field's value.
    pub fn set(&mut self, id: &str, new: &str) {
        match self.field_mut(id).map(|field| &mut field.kind) {
            Some(Kind::Text(edit)) => edit.set(new),
            Some(Kind::Turn { options, at }) => *at = options.iter().position(|(value, _)| value == new).unwrap_or(*at),
            Some(Kind::Pick { value, .. }) => new.clone_into(value),
            Some(Kind::Toggle(on)) => *on = new == "true",
            Some(Kind::Secret(_) | Kind::Note(_)) | None => {}
        }
    }

    /// The secret in a field; none where none was typed.
    pub fn secret(&self, id: &str) -> Option<Secret> {
        match self.field(id).map(|field| &field.kind) {
            Some(Kind::Secret(edit)) => edit.secret(),
            _ => None,
        }
    }

    /// Whether a toggle is on.
    pub fn is_on(&self, id: &str) -> bool {
        self.value(id) == "true"
    }

    /// Whether there is such a field.
    pub fn has(&self, id: &str) -> bool {
        self.field(id).is_some()
    }

    /// Whether a field can be changed now.
    pub fn is_enabled(&self, id: &str) -> bool {
        self.field(id).is_some_and(|field| field.disabled.is_none() && !field.hidden)
    }

    fn takes_keys(&self, place: usize) -> bool {
        self.fields.get(place).is_some_and(Field::takes_keys)
    }

    fn step(&mut self, forward: bool) -> bool {
        let places: Vec<usize> = (0..self.fields.len()).filter(|place| self.takes_keys(*place)).collect();
        let next = if forward {
            places.iter().find(|place| **place > self.focus)
        } else {
            places.iter().rev().find(|place| **place < self.focus)
        };
        if let Some(next) = next {
            self.focus = *next;
            return true;
        }
        if !self.takes_keys(self.focus)
            && let Some(last) = places.last()
        {
            self.focus = *last;
        }
        false
    }

    /// Takes a pasted text into the field that has the keys.
    pub fn paste(&mut self, pasted: &str) -> FormEvent {
        if let Some(picker) = self.fields_list.as_mut().or(self.picker.as_mut()) {
            picker.paste(pasted);
            return FormEvent::Moved;
        }
        match self.fields.get_mut(self.focus) {
            Some(Field { kind: Kind::Text(edit), disabled: None, .. }) => {
                if std::mem::take(&mut self.replaces) {
                    edit.set("");
                }
                edit.paste(pasted);
                FormEvent::Changed
            }
            Some(Field { kind: Kind::Secret(edit), disabled: None, .. }) => {
                edit.paste(pasted);
                FormEvent::Changed
            }
            _ => FormEvent::Moved,
        }
    }

    /// Takes a key.
    pub fn handle(&mut self, key: KeyEvent) -> FormEvent {
        if self.fields_list.is_some() {
            return self.go_by(key);
        }
        let replaces = std::mem::take(&mut self.replaces);
        if self.picker.is_some() {
            return self.handle_picker(key);
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('s') if control => return FormEvent::Submit,
            KeyCode::Char('g') if control => return self.list_fields(),
            KeyCode::Tab | KeyCode::Down => {
                self.step(true);
                return FormEvent::Moved;
            }
            KeyCode::BackTab | KeyCode::Up => {
                self.step(false);
                return FormEvent::Moved;
            }
            _ => {}
        }
        if replaces && !control {
            self.empty_for(key);
        }
        let Some(field) = self.fields.get_mut(self.focus) else { return FormEvent::Unknown };
        if field.disabled.is_some() {
            return if key.code == KeyCode::Enter { self.enter() } else { FormEvent::Unknown };
        }
        match (&mut field.kind, key.code) {
            (Kind::Pick { choices, value }, KeyCode::Enter | KeyCode::Char(' ' | '/')) => {
                self.picker = Some(Picker::new(choices.clone(), value));
                FormEvent::Moved
            }
            (Kind::Pick { choices, value }, KeyCode::Left | KeyCode::Right) => turn_pick(choices, value, key.code),
            (Kind::Pick { choices, value }, KeyCode::Char(_)) if !control => {
                let mut picker = Picker::new(choices.clone(), value);
                picker.handle(key);
                self.picker = Some(picker);
                FormEvent::Moved
            }
            (_, KeyCode::Enter) => self.enter(),
            (Kind::Text(edit), _) => {
                if edit.handle(key) {
                    FormEvent::Changed
                } else {
                    FormEvent::Unknown
                }
            }
            (Kind::Secret(edit), _) => {
                if edit.handle(key) {
                    FormEvent::Changed
                } else {
                    FormEvent::Unknown
                }
            }
            (Kind::Turn { options, at }, KeyCode::Right | KeyCode::Char(' ' | 'l')) => {
                *at = (*at + 1) % options.len().max(1);
                FormEvent::Changed
            }
            (Kind::Turn { options, at }, KeyCode::Left | KeyCode::Char('h')) => {
                *at = (*at + options.len().saturating_sub(1)) % options.len().max(1);
                FormEvent::Changed
            }
            (Kind::Turn { options, at }, KeyCode::Char(letter)) if !control => {
                match going::option_of(options, *at, letter) {
                    Some(place) => *at = place,
                    None => return FormEvent::Unknown,
                }
                FormEvent::Changed
            }
            (Kind::Toggle(on), KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right) => {
                *on = !*on;
                FormEvent::Changed
            }
            _ => FormEvent::Unknown,
        }
    }

    /// Enter goes to the next field, and behind the last it takes the form as it is.
    fn enter(&mut self) -> FormEvent {
        if self.step(true) { FormEvent::Moved } else { FormEvent::Submit }
    }

    fn handle_picker(&mut self, key: KeyEvent) -> FormEvent {
        let Some(picker) = &mut self.picker else { return FormEvent::Unknown };
        if key.code == KeyCode::Esc {
            self.picker = None;
            return FormEvent::Moved;
        }
        let PickerEvent::Chose(index) = picker.handle(key) else { return FormEvent::Moved };
        let chosen = picker.choices()[index].clone();
        if chosen.disabled.is_some() {
            return FormEvent::Moved;
        }
        self.picker = None;
        if let Some(Field { kind: Kind::Pick { value, .. }, .. }) = self.fields.get_mut(self.focus) {
            *value = chosen.value;
        }
        self.step(true);
        FormEvent::Changed
    }

    /// Whether a list is open, which takes `esc` for itself.
    pub fn is_picking(&self) -> bool {
        self.picker.is_some() || self.fields_list.is_some()
    }

    /// Draws the fields; the open list covers them.
    pub fn view(&self, area: Rect, painter: &mut Painter<'_>) {
        if let Some(list) = &self.fields_list {
            list.view("Go to: ", area, painter);
            return;
        }
        if let Some(picker) = &self.picker {
            let label = self.fields.get(self.focus).map_or("", |field| field.label.as_str());
            picker.view(&format!("{label}: "), area, painter);
            return;
        }
        let labels = self.fields.iter().filter(|field| !field.hidden && field.takes_room());
        let label_width = labels.map(|field| text::width(&field.label)).max().unwrap_or(0).min(24) as u16;
        let label_width = label_width.min(area.width / 3);
        let mut lines: Vec<(usize, u16)> = Vec::new();
        let mut total = 0_u16;
        for (place, field) in self.fields.iter().enumerate().filter(|(_, field)| !field.hidden) {
            lines.push((place, total));
            total += field.height(area.width, label_width, place == self.focus);
        }
        let focus_top = lines.iter().find(|(place, _)| *place == self.focus).map_or(0, |(_, top)| *top);
        let focus_height = self.fields.get(self.focus).map_or(1, |field| field.height(area.width, label_width, true));
        let height = area.height;
        let lowest = (focus_top + focus_height).saturating_sub(height);
        let offset = (self.offset.get() as u16)
            .clamp(lowest, focus_top.max(lowest))
            .min(total.saturating_sub(height).max(lowest));
        self.offset.set(usize::from(offset));
        for (place, top) in lines {
            if top >= offset && top < offset + height {
                let rest =
                    Rect::new(area.x, area.y + top - offset, area.width.saturating_sub(1), height - (top - offset));
                self.fields[place].view(rest, label_width, place == self.focus, painter);
            }
        }
        painter.scrollbar(area, usize::from(offset), usize::from(height), usize::from(total));
    }
}

/// The next or previous of a list's choices that can be chosen, without opening it.
fn turn_pick(choices: &[Choice], value: &mut String, code: KeyCode) -> FormEvent {
    let open: Vec<&Choice> = choices.iter().filter(|choice| choice.disabled.is_none()).collect();
    if open.is_empty() {
        return FormEvent::Moved;
    }
    let at = open.iter().position(|choice| choice.value == *value);
    let next = match (at, code) {
        (Some(at), KeyCode::Right) => (at + 1) % open.len(),
        (Some(at), _) => (at + open.len() - 1) % open.len(),
        (None, _) => 0,
    };
    value.clone_from(&open[next].value);
    FormEvent::Changed
}
