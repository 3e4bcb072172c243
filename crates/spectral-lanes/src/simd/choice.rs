//! The choice of an instruction set: the processor's best, unless the environment or a test overrides it.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(target_arch = "x86_64")]
use super::x86;

/// The environment variable that names the best instruction set to use.
pub const VARIABLE: &str = "SPECTRAL_INSTRUCTION_SET";

/// An instruction set that kernels are compiled for.
///
/// By default the best set that the processor supports is used. The environment variable `SPECTRAL_INSTRUCTION_SET`
/// (`portable`, `avx2` or `avx512`) makes the process behave as if the named set were the best available. It is read
/// once. If it names an unknown or unsupported set, [`Self::try_available`] returns an error, and kernels panic with
/// the same message. Operations from other crates, such as Burn's, choose their instruction set independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum InstructionSet {
    /// The baseline of the compilation target.
    Portable = 1,
    /// AVX2 and FMA: 8 lanes of `f32`.
    Avx2 = 2,
    /// AVX-512F: 16 lanes of `f32`.
    Avx512 = 3,
}

static FORCED: AtomicU8 = AtomicU8::new(0);

/// The available sets, and whether the environment variable is set.
struct Choice {
    sets: Vec<InstructionSet>,
    named: bool,
}

impl InstructionSet {
    /// All instruction sets, slowest first.
    pub const ALL: [InstructionSet; 3] = [
        InstructionSet::Portable,
        InstructionSet::Avx2,
        InstructionSet::Avx512,
    ];

    /// The name of the set, as accepted in the environment variable.
    pub fn name(self) -> &'static str {
        match self {
            InstructionSet::Portable => "portable",
            InstructionSet::Avx2 => "avx2",
            InstructionSet::Avx512 => "avx512",
        }
    }

    /// The available sets, slowest first: those that the processor supports, up to the one that the environment names.
    /// Never empty.
    ///
    /// # Errors
    /// If the environment variable names an unknown set, or one that the processor does not support.
    pub fn try_available() -> Result<&'static [InstructionSet], String> {
        choice()
            .as_ref()
            .map(|choice| &choice.sets[..])
            .map_err(Clone::clone)
    }

    /// Same as [`Self::try_available`], but panics on errors.
    ///
    /// # Panics
    /// If the environment variable names an unknown set, or one that the processor does not support.
    pub fn available() -> &'static [InstructionSet] {
        match choice() {
            Ok(choice) => &choice.sets,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the environment variable names the portable set.
    pub fn portable_is_named() -> bool {
        Self::available() == [InstructionSet::Portable]
            && choice().as_ref().is_ok_and(|choice| choice.named)
    }

    /// The instruction set in use: the best available one, unless another is forced.
    pub fn current() -> InstructionSet {
        let forced = FORCED.load(Ordering::Relaxed);
        let sets = Self::available();
        sets.iter()
            .copied()
            .find(|set| *set as u8 == forced)
            .unwrap_or(sets[sets.len() - 1])
    }

    /// Forces `set` for the whole process, or restores the default with `None`. For tests and benchmarks.
    ///
    /// # Panics
    /// If `set` is not available.
    pub fn force(set: Option<InstructionSet>) {
        if let Some(set) = set {
            assert!(
                Self::available().contains(&set),
                "instruction set {} is not available; available: {}",
                set.name(),
                names(Self::available())
            );
        }
        FORCED.store(set.map_or(0, |set| set as u8), Ordering::Relaxed);
    }
}

fn choice() -> &'static Result<Choice, String> {
    static CHOICE: OnceLock<Result<Choice, String>> = OnceLock::new();
    CHOICE.get_or_init(|| {
        let named: Option<OsString> = std::env::var_os(VARIABLE);
        Ok(Choice {
            sets: up_to(&detected(), named.as_deref())?,
            named: named.is_some_and(|name| !name.is_empty()),
        })
    })
}

/// The sets that the processor supports, slowest first.
fn detected() -> Vec<InstructionSet> {
    #[allow(unused_mut)]
    let mut sets = vec![InstructionSet::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        if x86::Avx2::detect().is_some() {
            sets.push(InstructionSet::Avx2);
        }
        if x86::Avx512::detect().is_some() {
            sets.push(InstructionSet::Avx512);
        }
    }
    sets
}

/// The sets in `detected` up to the named one, or all of them if `name` is absent or empty.
fn up_to(detected: &[InstructionSet], name: Option<&OsStr>) -> Result<Vec<InstructionSet>, String> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(detected.to_vec());
    };
    let Some(named) = InstructionSet::ALL
        .into_iter()
        .find(|set| name == OsStr::new(set.name()))
    else {
        return Err(format!(
            "{VARIABLE} is {name:?}, which is not an instruction set; accepted: {}",
            names(&InstructionSet::ALL)
        ));
    };
    let Some(last) = detected.iter().position(|set| *set == named) else {
        return Err(format!(
            "{VARIABLE} is {:?}, which this processor does not have; available: {}",
            named.name(),
            names(detected)
        ));
    };
    Ok(detected[..=last].to_vec())
}

fn names(sets: &[InstructionSet]) -> String {
    sets.iter()
        .map(|set| set.name())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::InstructionSet::{Avx2, Avx512, Portable};
    use super::*;

    fn named(detected: &[InstructionSet], name: &str) -> Result<Vec<InstructionSet>, String> {
        up_to(detected, Some(OsStr::new(name)))
    }

    #[test]
    fn a_named_set_is_the_best_of_those_available() {
        let all = InstructionSet::ALL;
        assert_eq!(up_to(&all, None).unwrap(), all);
        assert_eq!(named(&all, "").unwrap(), all);
        assert_eq!(named(&all, "portable").unwrap(), [Portable]);
        assert_eq!(named(&all, "avx2").unwrap(), [Portable, Avx2]);
        assert_eq!(named(&all, "avx512").unwrap(), [Portable, Avx2, Avx512]);
    }

    #[test]
    fn an_unknown_set_and_one_that_the_processor_lacks_are_errors_that_name_the_others() {
        assert_eq!(
            named(&[Portable, Avx2], "AVX9").unwrap_err(),
            "SPECTRAL_INSTRUCTION_SET is \"AVX9\", which is not an instruction set; accepted: portable, avx2, avx512"
        );
        assert_eq!(
            named(&[Portable, Avx2], "avx512").unwrap_err(),
            "SPECTRAL_INSTRUCTION_SET is \"avx512\", which this processor does not have; available: portable, avx2"
        );
    }
}
