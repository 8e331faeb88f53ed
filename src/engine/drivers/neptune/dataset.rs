//! What two datasets are compared by, whatever the order of their statements.

use crate::repository::Id;

/// What was seen of a dataset in N-Quads. Blank nodes have other labels in each store, so statements with one are only counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dataset {
    /// How many statements it has.
    pub(super) statements: u64,
    /// Those without a blank node, and the sum of their hashes.
    named: u64,
    sum: [u64; 4],
    /// A statement whose end is still to come.
    begun: Vec<u8>,
}

impl Dataset {
    /// Takes the next piece of it, of whatever length.
    pub(super) fn take(&mut self, piece: &[u8]) {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(line);
            if line.ends_with(b"\n") {
                self.add();
            }
        }
    }

    fn add(&mut self) {
        self.statements += 1;
        if !has_blank_node(&self.begun) {
            self.named += 1;
            let hash = Id::of(&self.begun);
            for (sum, part) in self.sum.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
                *sum = sum.wrapping_add(u64::from_le_bytes(<[u8; 8]>::try_from(part).unwrap_or_default()));
            }
        }
        self.begun.clear();
    }
}

/// Whether a statement names a blank node: `_:`, but within an address or a text.
fn has_blank_node(statement: &[u8]) -> bool {
    statement.starts_with(b"_:") || statement.windows(3).any(|three| three == b" _:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, length: usize) -> Dataset {
        let mut dataset = Dataset::default();
        text.as_bytes().chunks(length).for_each(|piece| dataset.take(piece));
        dataset
    }

    #[test]
    fn the_same_statements_are_the_same_dataset_in_any_order_and_pieces() {
        let one = of("<a> <p> \"1\" .\n<b> <p> _:x .\n_:x <p> <c> .\n", 3);
        assert_eq!(one, of("_:z <p> <c> .\n<b> <p> _:z .\n<a> <p> \"1\" .\n", 100));
        assert_eq!(one.statements, 3);
        for other in ["<a> <p> \"2\" .\n<b> <p> _:x .\n_:x <p> <c> .\n", "<a> <p> \"1\" .\n<b> <p> _:x .\n", ""] {
            assert_ne!(one, of(other, 5), "{other}");
        }
    }
}
