//! Whether what the built-in themes paint can be read, by the relative luminance of WCAG 2, and whether states stay apart
//! for eyes that see fewer colours, by the matrices of Machado, Oliveira and Fernandes (2009).

use super::depth::of_index;
use super::{BUILT_IN, Depth, Role, Theme};
use ratatui::style::{Color, Modifier, Style};

/// The themes without a colour of their own: what they look like is the terminal's affair.
const OF_THE_TERMINAL: [&str; 2] = ["default", "mono"];
/// The backgrounds that a theme is made for that paints none.
const MADE_FOR: [(&str, &[[u8; 3]]); 1] = [("light", &[[255; 3], [250; 3]])];
/// What separates, and is not read.
const SEPARATING: [Role; 1] = [Role::Rule];
/// What is painted over a background of its own.
const ON_ITS_OWN: [Role; 2] = [Role::Selected, Role::Focus];
/// What must be told apart at a glance.
const STATES: [Role; 7] =
    [Role::Good, Role::Bad, Role::Expired, Role::Missing, Role::Warning, Role::Running, Role::Pending];

/// Linear light.
type Light = [f64; 3];
type Matrix = [[f64; 3]; 3];

const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const PROTANOPIA: Matrix =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
const DEUTERANOPIA: Matrix =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
const TRITANOPIA: Matrix =
    [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]];

fn light(rgb: [u8; 3]) -> Light {
    rgb.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(rgb: [u8; 3]) -> f64 {
    light(rgb).iter().zip([0.2126, 0.7152, 0.0722]).map(|(value, weight)| value * weight).sum()
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A colour as an eye sees it, in CIE L*a*b*.
fn seen(rgb: [u8; 3], eye: &Matrix) -> [f64; 3] {
    let from = light(rgb);
    let product = |row: &[f64; 3]| row.iter().zip(from).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0);
    let [red, green, blue] = [product(&eye[0]), product(&eye[1]), product(&eye[2])];
    let x = (0.412_456_4 * red + 0.357_576_1 * green + 0.180_437_5 * blue) / 0.950_47;
    let y = 0.212_672_9 * red + 0.715_152_2 * green + 0.072_175_0 * blue;
    let z = (0.019_333_9 * red + 0.119_192_0 * green + 0.950_304_1 * blue) / 1.088_83;
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}

fn distance(one: [u8; 3], other: [u8; 3], eye: &Matrix) -> f64 {
    let squares = seen(one, eye).into_iter().zip(seen(other, eye)).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => of_index(index),
        _ => None,
    }
}

/// Each theme that has colours of its own, as terminals with any colour and with 256 show it.
fn colourful() -> impl Iterator<Item = (String, Theme)> {
    let of_its_own = BUILT_IN.iter().map(|(name, _)| *name).filter(|name| !OF_THE_TERMINAL.contains(name));
    of_its_own.flat_map(|name| {
        [Depth::True, Depth::Indexed]
            .map(|depth| (format!("{name} in {depth:?}"), Theme::load(name).unwrap().shown(depth).unwrap()))
    })
}

/// What a style is painted on: its own background, else the theme's, else each that the theme is made for.
fn grounds(theme: &Theme, style: Style) -> Vec<[u8; 3]> {
    let made_for = || MADE_FOR.iter().find(|(name, _)| *name == theme.name()).map(|(_, grounds)| grounds.to_vec());
    style.bg.and_then(rgb).map(|ground| vec![ground]).or_else(made_for).unwrap()
}

#[test]
fn there_are_eight_themes_and_each_is_looked_at() {
    assert_eq!(BUILT_IN.len(), 8);
    assert_eq!(colourful().count(), 2 * (BUILT_IN.len() - OF_THE_TERMINAL.len()));
    for name in OF_THE_TERMINAL {
        let theme = Theme::load(name).unwrap();
        let has = |color: Option<Color>| color.is_some_and(|color| rgb(color).is_some());
        assert!(Role::ALL.iter().all(|(role, _)| !has(theme.style(*role).fg) && !has(theme.style(*role).bg)), "{name}");
    }
}

#[test]
fn every_text_can_be_read_and_every_line_be_seen() {
    for (place, theme) in colourful() {
        for (role, name) in Role::ALL {
            let style = theme.style(*role);
            // Text that has no colour is the terminal's own.
            let Some(ink) = style.fg.and_then(rgb) else { continue };
            let wanted = match theme.name() {
                _ if SEPARATING.contains(role) => 3.0,
                "high-contrast" => 7.0,
                _ => 4.5,
            };
            for ground in grounds(&theme, style) {
                let found = contrast(ink, ground);
                assert!(found >= wanted, "{place}: {name} has {found:.2} on {ground:?}, and not {wanted}");
            }
        }
    }
}

/// A selected row is painted in one style whatever its cells say, and so is a marked one: those two, and the field that has the
/// keys, must stand out from what is around them.
#[test]
fn what_is_selected_and_what_has_the_keys_stand_out() {
    for (place, theme) in colourful() {
        for role in ON_ITS_OWN {
            let own = theme.style(role).bg.and_then(rgb).unwrap();
            for ground in grounds(&theme, theme.style(Role::Text)) {
                let found = contrast(own, ground);
                assert!(found >= 3.0, "{place}: {role:?} has {found:.2} around it");
            }
        }
        let (text, marked) = (theme.style(Role::Text), theme.style(Role::Marked));
        assert!(text.fg != marked.fg && marked.add_modifier.contains(Modifier::BOLD), "{place}: a mark is not seen");
    }
}

#[test]
fn states_stay_apart_for_eyes_that_see_fewer_colours() {
    for (name, eyes) in [
        ("deuteranopia", [("any", &NORMAL), ("deuteranopia", &DEUTERANOPIA), ("protanopia", &PROTANOPIA)].as_slice()),
        ("tritanopia", &[("any", &NORMAL), ("tritanopia", &TRITANOPIA)]),
        ("high-contrast", &[("any", &NORMAL)]),
    ] {
        for depth in [Depth::True, Depth::Indexed] {
            let theme = Theme::load(name).unwrap().shown(depth).unwrap();
            let of = |role: Role| theme.style(role).fg.and_then(rgb).unwrap();
            for (eye, matrix) in eyes {
                for (nth, one) in STATES.iter().enumerate() {
                    for other in &STATES[nth + 1..] {
                        let found = distance(of(*one), of(*other), matrix);
                        assert!(
                            found >= 25.0,
                            "{name}, {eye} in {depth:?}: {one:?} and {other:?} are {found:.1} apart"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_measures_are_the_known_ones() {
    assert!((contrast([255; 3], [0; 3]) - 21.0).abs() < 0.01);
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
    // Pure red and a dark green that an eye without M cones takes for one another, and any other does not.
    assert!(distance([255, 0, 0], [148, 128, 0], &DEUTERANOPIA) < 25.0);
    assert!(distance([255, 0, 0], [148, 128, 0], &NORMAL) > 60.0);
}
