//! What the sample organization's database is told.

/// The table of what is sold.
pub(super) const MAKE: &str = "CREATE TABLE IF NOT EXISTS orders \
    (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), item text NOT NULL, price numeric NOT NULL);";

/// A few rows more.
pub(super) const SELL: &str = "INSERT INTO orders (item, price) \
    SELECT 'item ' || (random() * 1000)::int, (random() * 100)::numeric(8, 2) FROM generate_series(1, 20);";
