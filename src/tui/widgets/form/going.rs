//! Going to a field by a few letters of its label.

use super::{Field, Form, FormEvent, Kind};
use crate::tui::widgets::picker::{Choice, Picker, PickerEvent};
use crossterm::event::{KeyCode, KeyEvent};

impl Form {
    /// Opens the list of the fields.
    pub(super) fn list_fields(&mut self) -> FormEvent {
        let label = |field: &Field| Choice::new(field.id, field.label.clone(), field.said());
        let choices = self.fields.iter().filter(|field| field.takes_keys()).map(label).collect();
        self.fields_list = Some(Picker::new(choices, self.focused()));
        FormEvent::Moved
    }

    /// Takes a key while that list is open. What is typed into the field that is gone to replaces what stood there.
    pub(super) fn go_by(&mut self, key: KeyEvent) -> FormEvent {
        let Some(list) = &mut self.fields_list else { return FormEvent::Unknown };
        if key.code == KeyCode::Esc {
            self.fields_list = None;
            return FormEvent::Moved;
        }
        if let PickerEvent::Chose(index) = list.handle(key) {
            let chosen = list.choices().get(index).map(|choice| choice.value.clone());
            self.fields_list = None;
            if let Some(place) = self.fields.iter().position(|field| Some(field.id) == chosen.as_deref()) {
                self.focus = place;
                self.replaces = true;
            }
        }
        FormEvent::Moved
    }

    /// Makes room for a letter that is typed first into a field that was gone to.
    pub(super) fn empty_for(&mut self, key: KeyEvent) {
        if let (KeyCode::Char(_), Some(Field { kind: Kind::Text(edit), disabled: None, .. })) =
            (key.code, self.fields.get_mut(self.focus))
        {
            edit.set("");
        }
    }
}

impl Field {
    /// What it holds, in a few words.
    fn said(&self) -> String {
        match &self.kind {
            Kind::Text(edit) => edit.text().to_owned(),
            Kind::Turn { options, at } => options.get(*at).map(|(_, label)| label.clone()).unwrap_or_default(),
            Kind::Pick { choices, value } => {
                let chosen = choices.iter().find(|choice| choice.value == *value);
                chosen.map_or_else(|| value.clone(), |choice| choice.label.clone())
            }
            Kind::Toggle(on) => if *on { "yes" } else { "no" }.to_owned(),
            Kind::Secret(_) | Kind::Note(_) => String::new(),
        }
    }
}

/// The next of a field's options of which a word begins with a letter; none where no other does.
pub(super) fn option_of(options: &[(String, String)], at: usize, letter: char) -> Option<usize> {
    let begins = |text: &str| {
        let mut words = text.split(|character: char| !character.is_alphanumeric());
        words.any(|word| word.chars().next().is_some_and(|first| first.eq_ignore_ascii_case(&letter)))
    };
    let mut others = (1..options.len()).map(|step| (at + step) % options.len());
    others.find(|place| options.get(*place).is_some_and(|(value, _)| begins(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn form() -> Form {
        let mut form = Form::default();
        form.text("name", "Plan name", "nightly")
            .turn(
                "often",
                "How often",
                &[("Hourly", "every hour"), ("Daily", "every day"), ("Monthly", "every month")],
                "Daily",
            )
            .text("keep", "Keep for days", "35")
            .toggle("copy", "Copy", false);
        form
    }

    fn press(form: &mut Form, keys: &str) {
        for key in keys.split(' ') {
            let (code, modifiers) = match key {
                "enter" => (KeyCode::Enter, KeyModifiers::NONE),
                "esc" => (KeyCode::Esc, KeyModifiers::NONE),
                "tab" => (KeyCode::Tab, KeyModifiers::NONE),
                "home" => (KeyCode::Home, KeyModifiers::NONE),
                "ctrl-g" => (KeyCode::Char('g'), KeyModifiers::CONTROL),
                letter => (KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::NONE),
            };
            form.handle(KeyEvent::new(code, modifiers));
        }
    }

    #[test]
    fn a_field_is_gone_to_by_letters_and_what_is_typed_replaces_what_stood_there() {
        let mut form = form();
        press(&mut form, "ctrl-g k e e p enter");
        assert_eq!((form.focused(), form.value("keep"), form.is_picking()), ("keep", "35", false));
        press(&mut form, "7 y");
        assert_eq!(form.value("keep"), "7y");
    }

    #[test]
    fn what_stood_there_stays_once_anything_else_was_pressed() {
        let mut form = form();
        press(&mut form, "ctrl-g k e e p enter home 1");
        assert_eq!(form.value("keep"), "135");
        press(&mut form, "ctrl-g n a m e enter tab tab 9");
        assert_eq!((form.value("name"), form.value("keep")), ("nightly", "1935"));
    }

    #[test]
    fn escape_closes_the_list_and_nothing_else() {
        let mut form = form();
        press(&mut form, "ctrl-g k");
        assert!(form.is_picking());
        press(&mut form, "esc");
        assert_eq!((form.focused(), form.is_picking()), ("name", false));
    }

    #[test]
    fn a_letter_turns_to_the_option_that_has_a_word_of_it() {
        let mut form = form();
        press(&mut form, "tab m");
        assert_eq!(form.value("often"), "Monthly");
        press(&mut form, "d x");
        assert_eq!(form.value("often"), "Daily");
    }
}
