//! What the C library's heap keeps of freed memory.
//!
//! Freed pieces that lie between others stay with the program until it needs some of their size again. After a network was
//! made ready, and after each run of it, that is tens of megabytes. Only the C library knows where they are.

/// Gives all of it back at once. It takes a millisecond or so, in which no thread can allocate; the pages are made anew,
/// zeroed, when they are next touched. Other C libraries than GNU's keep little, and nothing is done there.
#[cfg(target_env = "gnu")]
pub fn give_back_heap() {
    // Whether there was any is nothing that anybody has to know.
    let _is_any = imports::malloc_trim(0);
}

/// Does nothing: this C library has no such function.
#[cfg(not(target_env = "gnu"))]
pub fn give_back_heap() {}

#[cfg(target_env = "gnu")]
mod imports {
    use std::ffi::c_int;

    // `int malloc_trim(size_t pad)` of <malloc.h>: it locks what it walks over, and any number is fine for it.
    #[expect(unsafe_code, reason = "a function of C can be declared in no other way")]
    unsafe extern "C" {
        pub(super) safe fn malloc_trim(pad: usize) -> c_int;
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use std::fs;

    /// Kilobytes that this process has in memory.
    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn freed_memory_between_pieces_in_use_goes_back() {
        // 64 MB in pieces of 64 kB, each of which the heap keeps, since the small one behind it remains.
        let mut large = Vec::new();
        let mut small = Vec::new();
        for _ in 0..1000 {
            large.push(vec![1_u8; 64_000]);
            small.push(vec![1_u8; 100]);
        }
        drop(large);
        let kept = resident();
        super::give_back_heap();
        let left = resident();
        assert!(left + 40_000 < kept, "{left} of {kept} kB");
        assert_eq!(small.len(), 1000);
    }
}
