# Why there is no picture of a camera.

camera-none = no camera is connected; connect one and ask again
camera-no-such =
    there is no camera { $name }; check that it is connected: descry cameras lists those that are there
camera-several =
    there are several cameras: { $names }; say which with --camera, or with the setting camera in descry.toml, by its
    name or by what descry cameras lists
camera-unplugged =
    the camera { $name } was unplugged; plug it in again and ask again, Descry finds it by itself
camera-busy = another program uses the camera { $name }; close that program and ask again
camera-reserved = a program has reserved the camera { $name } for itself; close that program and ask again
camera-reserved-already = another program has reserved this camera
camera-not-reserved = you have not reserved this camera; call Claim first
camera-not-allowed =
    you may not use the camera { $name }; add yourself to the group video, log in again and ask again
camera-stalled = the camera { $name } sends no pictures; unplug it, plug it in again and ask again
camera-damaged =
    the pictures of the camera { $name } arrive damaged; try another cable or another socket, without a hub between,
    and ask again
camera-no-format =
    the camera { $name } has none of the formats that Descry reads, which are YUYV, NV12, RGB and Motion JPEG
camera-planes =
    the camera { $name } gives its pictures in several planes, which Descry does not read; have GStreamer pass them on
    through v4l2loopback, as Descry's README says of CSI cameras
camera-driver = the camera { $name } failed ({ $reason }); unplug it, plug it in again and ask again
