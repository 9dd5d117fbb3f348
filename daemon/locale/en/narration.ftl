# What is said beside captions while a camera is narrated. Each is made a sentence.

narration-ended = narration has ended: { $reason }
narration-closed = the narration was closed
narration-dark = it is dark: the light is off, or the lens is covered
narration-covered = something covers the lens
narration-clear = the view is clear
narration-away = the camera is away. Narration waits a minute for it
narration-key-begun = narrating. The same key ends it. This is no aid for moving about or against hazards
narration-key-ended = narration has ended
narration-begun = narrating. Ctrl-C ends it. This is no aid for moving about or against hazards
