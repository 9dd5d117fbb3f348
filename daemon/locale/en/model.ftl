# Why a model or its engine cannot be used. What only those can make sense of who made it stands in $detail, in English.

model-none = no model was found (looked in { $places }); name its folder with --model or in DESCRY_MODEL
model-no-folder =
    there is no model at { $path }: the folder does not exist; check the path, or fetch the model again
model-not-a-folder = { $path } is not a folder; name the folder that holds the model's manifest.toml
model-no-manifest = { $path } holds no manifest.toml, so it is not a model; name the folder that holds it
model-newer-format =
    the manifest { $path } cannot be used: it has format version { $found } and this Descry reads up to version
    { $supported }; update Descry to use this model
model-manifest = the manifest { $path } cannot be used: { $detail }
model-missing = { $path } is missing from the model; fetch the model again
model-not-a-file = { $path } is not a regular file; fetch the model again
model-truncated = { $path } is cut short: it has { $found } bytes of { $expected }; fetch the model again
model-lengthened =
    { $path } was altered: it has { $found } bytes where the manifest records { $expected }; fetch the model again
model-altered =
    { $path } was altered: its sha256 is { $found } where the manifest records { $expected }; fetch the model again
model-too-large = { $path } has { $found } bytes; no more than { $limit } are read
model-unreadable = { $path } cannot be read: { $reason }
model-vocabulary = { $path } is not a vocabulary: { $detail }
model-tag-names = { $path } does not name tags: { $detail }
model-foreign-vocabulary = { $path } does not belong to this manifest: { $detail }

model-picture-size =
    the picture has { $width } x { $height } pixels; it must have at least one and at most { $limit } in all
model-engine-not-built = this build of Descry does not hold the engine { $engine }; choose another engine
model-no-library =
    ONNX Runtime was not found (looked for { $tried }); install libonnxruntime, name its library in DESCRY_ONNXRUNTIME,
    or use the engine tract
model-unusable-library =
    { $library } cannot be used as ONNX Runtime: { $reason }; name another library in DESCRY_ONNXRUNTIME, or use the
    engine tract
model-other-library =
    ONNX Runtime was already loaded from { $loaded }, so { $asked } cannot be loaded; start Descry anew to change the
    library
# Anything else: { $detail } says all of it.
model-other = { $detail }
model-no-device = the model cannot run on { $device }: { $reason }; set the setting device to auto or cpu

# A model that runs in a process of its own.
model-process-killed =
    the system ended its process, most likely because memory ran out; ask again, and it is started anew
model-process-crashed = its process ended unexpectedly; ask again, and it is started anew
model-process-hangs = its process did not answer any more, and was ended; ask again, and it is started anew
