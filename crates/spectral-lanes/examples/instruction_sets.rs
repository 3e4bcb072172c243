//! Prints the available instruction sets, one per line, slowest first: the values that `SPECTRAL_INSTRUCTION_SET`
//! accepts on this processor.

fn main() -> Result<(), String> {
    for set in spectral_lanes::InstructionSet::try_available()? {
        println!("{}", set.name());
    }
    Ok(())
}
