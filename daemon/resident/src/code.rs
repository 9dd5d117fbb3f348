//! The code of this program.
//!
//! Where a page of a program's file is touched, the kernel maps what it has of the file around it too, and all of it stays
//! with the process as long as the system has memory to spare. Of a program that has a whole engine in it, that is most of
//! what an idle service holds, though it never runs any of the engine. What is given back remains in the kernel's cache of
//! files, among what it may drop first, and what is touched again is mapped again: some microseconds for each page that it
//! has kept.

#[cfg(target_os = "linux")]
use std::{fs, ops::Range, ptr};

#[cfg(target_os = "linux")]
use rustix::mm::{Advice, madvise};

/// Gives back all pages of this program's code. Those that are needed come back as they are touched.
///
/// Where the kernel does not tell what lies where (`/proc` is not mounted), nothing is done. A debugger's breakpoints, which it
/// writes into these pages, are lost.
#[cfg(target_os = "linux")]
pub fn give_back_code() {
    let here = give_back_code as fn() as *const () as usize;
    let Some(code) = fs::read_to_string("/proc/self/maps").ok().and_then(|maps| around(&maps, here)) else {
        return;
    };
    let start = ptr::without_provenance_mut(code.start);
    // SAFETY: The range is whole pages of one mapping, that of this very function, which nobody removes while it runs. It maps a
    // file and cannot be written to, and no page of it ever was (relocations are elsewhere): each can be read from the file
    // again, which is what this advice has the kernel do.
    #[expect(unsafe_code, reason = "the kernel can be told of pages in no other way")]
    let given_back = unsafe { madvise(start, code.len(), Advice::LinuxDontNeed) };
    // A kernel that refuses leaves everything as it was.
    let _is_refused = given_back.is_err();
}

/// Does nothing: only Linux is told so.
#[cfg(not(target_os = "linux"))]
pub fn give_back_code() {}

/// The mapping that `address` lies in, of those in `/proc/self/maps` (`man 5 proc_pid_maps`), where it is of a file, can be
/// executed, and cannot be written to.
#[cfg(target_os = "linux")]
fn around(maps: &str, address: usize) -> Option<Range<usize>> {
    maps.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        let (permissions, _offset, _device, inode) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (range.contains(&address) && permissions == "r-xp" && inode != "0").then_some(range)
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{fs, os::unix::fs::FileExt};

    use super::{around, give_back_code};

    const MAPS: &str = "\
00400000-00452000 r--p 00000000 08:02 173521      /usr/bin/descryd
00452000-00800000 r-xp 00052000 08:02 173521      /usr/bin/with a space
00800000-00900000 rwxp 00452000 08:02 173521      /usr/bin/descryd
7f0000000000-7f0000001000 r-xp 00000000 00:00 0   [vdso]
not a line
";

    #[test]
    fn only_code_of_a_file_that_nobody_writes_to_is_taken() {
        for (address, range) in [
            (0x45_2000, Some(0x45_2000..0x80_0000)),
            (0x7f_ffff, Some(0x45_2000..0x80_0000)),
            (0x40_0000, None),
            (0x80_0000, None),
            (0x7f00_0000_0000, None),
            (0x90_0000, None),
        ] {
            assert_eq!(around(MAPS, address), range, "{address:#x}");
        }
    }

    /// Kilobytes that this process has in memory of the mapping that begins there: counted, where the sums for the whole process
    /// are near it.
    fn mapped(start: usize) -> u64 {
        let all = fs::read_to_string("/proc/self/smaps").unwrap();
        let own = all.lines().skip_while(|line| !line.starts_with(&format!("{start:08x}-")));
        let rss = own.skip(1).find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn code_that_was_given_back_runs_as_before() {
        // All of it is touched first, through a file: only a part of it runs here.
        let code =
            around(&fs::read_to_string("/proc/self/maps").unwrap(), give_back_code as fn() as usize).unwrap();
        let memory = fs::File::open("/proc/self/mem").unwrap();
        let mut bytes = vec![0; code.len()];
        // What runs beside it may have all of so small a program back before it is counted, but not each time.
        let is_given_back = (0..100).any(|_| {
            memory.read_exact_at(&mut bytes, code.start as u64).unwrap();
            let before = mapped(code.start);
            give_back_code();
            mapped(code.start) < before
        });
        assert!(is_given_back);
    }
}
