//! Reading a form: what its fields say, and what is wrong at which of them.

use super::Form;

/// What is wrong at a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field at which it can be mended.
    pub field: &'static str,
    /// What to tell.
    pub text: String,
}

impl FieldError {
    /// Something is wrong at a field.
    pub fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// Reads the fields of a form one after the other and keeps what is wrong, so that all of it is told at once.
pub struct Reader<'a> {
    form: &'a Form,
    errors: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    /// Of a form.
    pub fn new(form: &'a Form) -> Self {
        Self { form, errors: Vec::new() }
    }

    /// What `parse` makes of a field; none where it cannot, and then why not is told at the field.
    pub fn read<T, E: ToString>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        parse(self.form.value(field)).map_err(|error| self.wrong(field, error.to_string())).ok()
    }

    /// Something is wrong at a field.
    pub fn wrong(&mut self, field: &'static str, text: impl Into<String>) {
        self.errors.push(FieldError::new(field, text));
    }

    /// Something that only holds where nothing is wrong.
    pub fn finish<T>(self, made: Option<T>) -> Result<T, Vec<FieldError>> {
        match made {
            Some(made) if self.errors.is_empty() => Ok(made),
            _ => Err(self.errors),
        }
    }
}
