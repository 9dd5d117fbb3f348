//! Loads libtorch's CUDA half by starting the program again: the linker leaves the library out, since nothing names it.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

const PRELOAD: &str = "LD_PRELOAD";
const LIBRARY: &str = "libtorch_cuda.so";

/// Nothing when the library is in this process. Otherwise this process becomes one that has it, or the reason why it
/// cannot, for people.
pub(super) fn load() -> Result<(), String> {
    let maps =
        std::fs::read_to_string("/proc/self/maps").map_err(|error| format!("/proc/self/maps: {error}"))?;
    let mut files =
        maps.lines().filter_map(|line| line.split_once('/')).map(|(_, path)| PathBuf::from("/").join(path));
    if files.clone().any(|file| file.ends_with(LIBRARY)) {
        return Ok(());
    }
    let torch =
        files.find(|file| file.ends_with("libtorch_cpu.so")).ok_or("libtorch_cpu.so cannot be found")?;
    let library = torch.with_file_name(LIBRARY);
    if !library.exists() {
        return Err(format!("{} is not there: this libtorch is one for processors alone", library.display()));
    }
    let program =
        std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    let mut preloaded = library.clone().into_os_string();
    if let Some(others) = std::env::var_os(PRELOAD) {
        preloaded.push(":");
        preloaded.push(others);
    }
    // A library that cannot be loaded would end the program before its first line: another process tries it first.
    let tried = Command::new(&program).arg("--version").env(PRELOAD, &preloaded).output();
    let tried = tried.map_err(|error| format!("this program cannot be started again: {error}"))?;
    let said = String::from_utf8_lossy(&tried.stderr);
    if !tried.status.success() || said.contains(LIBRARY) {
        return Err(format!("{} cannot be loaded: {}", library.display(), said.trim()));
    }
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1)).env(PRELOAD, preloaded);
    Err(format!("this program cannot be started again: {}", again.exec()))
}
