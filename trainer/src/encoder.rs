//! Encoders: networks that turn pixels into features at places of the picture.

pub mod mobilenet_v2;
