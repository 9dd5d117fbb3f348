# The history on disk, for those who switched it on.

history-no-place =
    the history cannot be kept: neither XDG_STATE_HOME nor HOME is set; set one of them, or set keep_history to false
history-not-kept =
    the history cannot be kept in { $file } ({ $reason }); make room for it there, or set keep_history to false
history-damaged =
    the history on disk was damaged; it lies in { $file } now, and what could be read of it is kept
