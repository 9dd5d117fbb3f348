//! Passwords on a screen are not read: not those in fields that their programs tell of, and no dots.

use anyhow::{Context, Result, ensure};
use descry_tests::{
    command::Descry, gtk_window, private_bus::PrivateBus, process::Process, surroundings::Surroundings,
    waiting::wait_for, x_server::XServer,
};

/// What is read of the window that signs in, line by line, and what is said of it.
fn read(surroundings: &Surroundings, detail: &str) -> Result<(String, String)> {
    wait_for("the window to be read", || {
        let describe = Descry::describe(surroundings);
        let outcome = describe.args(["--no-speech", "--json", "--window", "--detail", detail]).run()?;
        // It takes a while to open.
        let line = outcome.json_lines()?.into_iter().next().context("one line is printed")?;
        let text = line["screen_text"].as_str().unwrap_or_default().to_owned();
        let said = line["text"].as_str().unwrap_or_default().to_owned();
        Ok((text.contains("maria") && text.contains("signed in")).then_some((text, said)))
    })
}

fn open(surroundings: &Surroundings, sign: &str, tells: bool) -> Result<Process> {
    let variables: &[(&str, &str)] = if tells { &[] } else { &[("NO_AT_BRIDGE", "1")] };
    gtk_window::sign_in(surroundings, sign, variables)
}

#[test]
fn a_password_is_not_read() -> Result<()> {
    let mut surroundings = Surroundings::new()?;
    let server = XServer::start(&mut surroundings, "640x480x24")?;
    gtk_window::allow_accessibility(&surroundings)?;
    let _bus = PrivateBus::start(&mut surroundings)?;
    let _manager = server.manage(&surroundings)?;
    {
        let _window = open(&surroundings, "shown", true)?;
        let (text, said) = read(&surroundings, "full")?;
        ensure!(text.contains("Password") && !text.contains("horse"), "{text}");
        ensure!(said.starts_with("Sign_in.py: Sign in. Focus: password text. Text: "), "{said}");
    }
    {
        // To show that it is there: nobody tells of the field.
        let _window = open(&surroundings, "shown", false)?;
        let (text, _) = read(&surroundings, "full")?;
        ensure!(text.contains("horse"), "{text}");
    }
    for dot in ["\u{25cf}", "\u{2022}", "*"] {
        let _window = open(&surroundings, dot, false)?;
        let (text, _) = read(&surroundings, "full")?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let known =
            ["User", "name", "Username", "maria", "Password", "Keep", "me", "signed", "in", "Sign", "Signin"];
        // Borders of fields are read as signs.
        let is_known = |word: &&str| known.contains(word) || word.chars().count() == 1;
        ensure!(words.iter().all(is_known), "{dot}: {text}");
    }
    Ok(())
}
