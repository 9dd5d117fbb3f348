# Why settings cannot be used. Names and values of settings are the same in every language.

setting-file-unreadable = the settings in { $file } cannot be read: { $reason }
setting-invalid = the setting in { $place } cannot be used: { $problem }
setting-place = { $name }
setting-line = { $file }, line { $line },
setting-arguments = the arguments
setting-all-places = all places together
setting-path = a path

# What is wrong with it. $detail is in English.
setting-syntax = { $detail }
setting-type = { $name } is { $value }: { $detail }
setting-not-text = it is not text
setting-not-a-switch = it is neither true nor false
setting-not-a-number = { $value } is not a number
setting-between = { $name } is { $value }: it must be between { $least } and { $most }
setting-not-a-name = { $name } is { $value }: it must be a name of up to 128 bytes on one line
setting-not-a-language = { $name } is { $value }: it must be a language that Descry speaks: { $languages }
setting-not-languages-of-text = { $name } is { $value }: it must be languages as in eng or eng+deu
setting-library-for-tract =
    engine is tract, which needs no library, but onnxruntime names { $library }: leave one of them out
setting-unknown-nearest = there is no setting { $name }; did you mean { $nearest }?
setting-unknown = there is no setting { $name }; there are { $names }
setting-no-home = it is not set, so there is no place for settings
setting-rotation = camera_rotation is { $value }: it must be 0, 90, 180 or 270
