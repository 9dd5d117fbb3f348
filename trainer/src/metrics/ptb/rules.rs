//! The tokeniser's rules, as one table.

use std::borrow::Cow;

/// A pattern, how much of what it matched is the token, and what becomes of the token.
pub(super) struct Rule {
    pattern: &'static str,
    /// How much of the match is the token; the rest only had to be there.
    pub(super) takes: Takes,
    /// What becomes of the token.
    pub(super) treatment: Treatment,
}

/// How much of a match is the token, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// The whole match.
    All,
    /// The first so many.
    First(usize),
    /// All but the last so many, at least one.
    AllButLast(usize),
}

/// What becomes of the text that a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// A token as it stands.
    Keep,
    /// No token: white space, and characters that the tool does not know.
    Delete,
    /// Two tokens, the first of so many characters.
    SplitAfter(usize),
    /// A token with straight apostrophes for curly ones.
    Straighten,
    /// A token of another spelling.
    Become(&'static str),
    /// A token with its brackets and entities spelled out.
    SpellOut,
}

/// The text of the token or tokens, separated by white space, not yet in lower case.
pub(super) fn treat(token: &str, treatment: Treatment) -> Cow<'_, str> {
    match treatment {
        Treatment::Keep if token.contains('\u{AD}') => token.replace('\u{AD}', "").into(),
        Treatment::Keep => token.into(),
        Treatment::Delete => "".into(),
        Treatment::SplitAfter(count) => {
            let (at, _) = token.char_indices().nth(count).unwrap_or((token.len(), ' '));
            format!("{} {}", &token[..at], &token[at..]).replace(CURLY, "'").into()
        }
        Treatment::Straighten => token.replace(CURLY, "'").into(),
        Treatment::Become(spelling) => spelling.into(),
        Treatment::SpellOut => {
            let mut spelled = token.to_owned();
            for (from, to) in SPELLED_OUT {
                spelled = spelled.replace(from, to);
            }
            spelled.into()
        }
    }
}

const CURLY: [char; 2] = ['\u{2019}', '\u{92}'];

const SPELLED_OUT: [(&str, &str); 10] = [
    ("(", "-lrb-"),
    (")", "-rrb-"),
    ("[", "-lsb-"),
    ("]", "-rsb-"),
    ("{", "-lcb-"),
    ("}", "-rcb-"),
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
];

use Takes::{All, AllButLast, First};
use Treatment::{Become, Delete, Keep, SpellOut, SplitAfter, Straighten};

impl Rule {
    /// The whole regular expression, with the classes that the table abbreviates written out.
    pub(super) fn pattern(&self) -> String {
        CLASSES.iter().fold(self.pattern.to_owned(), |pattern, (name, class)| pattern.replace(name, class))
    }
}

const fn rule(pattern: &'static str, treatment: Treatment) -> Rule {
    Rule { pattern, takes: All, treatment }
}

const fn part(takes: Takes, pattern: &'static str, treatment: Treatment) -> Rule {
    Rule { pattern, takes, treatment }
}

/// What stands for what in the table; each may use those after it.
const CLASSES: [(&str, &str); 10] = [
    ("ABBREVIATION", ABBREVIATION),
    ("SENTENCE_START", SENTENCE_START),
    ("WORD", r"(?:[DdOoLl][`‘'’\x{92}]ALNUM{2,}|[Nn][`‘'’\x{92}]LETTER{2,}|ALNUM+)"),
    ("SLASHED", "[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"),
    ("NUMBER", "(?:DIGIT+|DIGIT*(?:[.:,]DIGIT+)+)"),
    ("SPACE", r"[\t\n\x{B}\f\r\x20\x{A0}]"),
    ("ALNUM", r"[\p{L}\p{M}\p{Nd}\x{AD}]"),
    ("LETTER", r"[\p{L}\p{M}\x{AD}]"),
    ("DIGIT", r"\p{Nd}"),
    ("APOSTROPHE", r"['’\x{92}]"),
];

/// Abbreviations whose full stop belongs to them. Those that are words as well are so only with a capital.
const ABBREVIATION: &str = r"(?x:(?:(?i:
    adj|adm|adv|al|ala|alex|apr|ariz|assn|assoc|asst|atty|attys|aug|ave|az|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr
    |co|col|colo|comdr|conn|corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|ed\.d|elec|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen
    |gov|govs|hon|inc|ind|insp|intl|invt|jan|jos|jr|jul|jun|kan|kans|ky|lieut|lt|ltd|maj|mar|md|messrs|mfg|mich|minn|mlle
    |mme|mo|mon|mont|mr|mrs|ms|msgr|mt|mtg|natl|neb|nev|nov|oct|okla|penn|pfc|ph|ph\.d|plc|p?ptes?|p?ptys?|pres|prof
    |profs|pvt|rd|rep|reps|rev|rt|sen|sens|sep|sept|seq|sfc|sgt|spc|sq|sr|st|ste|supt|supts|sys|tel|tenn|thu|thurs|treas
    |tue|tues|univ|va|vs|vt|wed|wis|wisc|wm|wyo)
    |A(?i:rk)|D(?i:el)|I(?i:ll)|L(?i:a)|M(?i:ass)|M(?i:iss)|O(?i:re)|P(?i:a)|T(?i:ex)|W(?i:ash))\.)";

/// What begins a sentence: before it, a single letter has no full stop of its own.
const SENTENCE_START: &str = r"(?x:SPACE+(?:</?[A-Za-z]|(?:
    A|About|According|After|An|As|At|But|He|Her|Here|However|If|In|It|Last|Many|More|Now|Once|One|Other|Our|She|Since|So
    |Some|Such|That|The|Their|Then|There|These|They|This|We|What|When|While|Yet|You
    |AN|AS|AT|BUT|HE|HER|IF|IN|IT|NOW|ONE|OUR|SHE|SO|THE|WE|YET|YOU|Mr\.|Ms\.)(?:SPACE|\z)))";

pub(super) const RULES: &[Rule] = &[
    rule("SPACE+", Delete),
    // Contractions.
    rule("(?i:cannot|gonna|gotta|lemme|gimme|wanna)", SplitAfter(3)),
    part(First(2), "'[tT](?i:is|was)", Keep),
    rule("(?i:d['’]ye|ma['’]am|c['’]mon|c['’]est|qu['’]il|[a-z]*e['’]er)", Keep),
    rule("[DdJjYy]['’]", Straighten),
    part(AllButLast(3), "LETTER*[a-mo-zA-MO-Z][nN][‘`'’][tT]", Keep),
    part(AllButLast(2), "LETTER+APOSTROPHE[sSdDmM]", Keep),
    part(AllButLast(3), "LETTER+APOSTROPHE(?i:ll|re|ve)", Keep),
    rule("[nN]['’`][tT]", Straighten),
    part(AllButLast(1), r"APOSTROPHE(?i:s|d|m|ll|re|ve)[^A-Za-z]", Straighten),
    rule(r"APOSTROPHE(?i:s|d|m|ll|re|ve)\z", Straighten),
    // Words that begin with an apostrophe.
    rule("['’](?i:n['’]|em|til|cause|[2-9]0s)", Keep),
    part(First(2), r"['’][nN](?:SPACE|\z)", Keep),
    part(First(3), r"['’]DIGIT{2}(?:SPACE|\z)", Keep),
    // Words, with digits and hyphens in them; alternatives with a slash; names with dots in them.
    rule("WORD(?:[-_]WORD)*", Keep),
    rule("SLASHED(?:/SLASHED){1,2}", Keep),
    rule(r"[A-Za-z](?:\.[A-Za-z])+\.?(?:-ALNUM+)*", Keep),
    rule(r"(?:ALNUM+-)+[A-Za-z](?:\.[A-Za-z])+\.(?:-ALNUM+)*", Keep),
    rule(r"LETTERALNUM*(?:\.LETTERALNUM*)+(?:-ALNUM+)*", Keep),
    rule(r"[A-Za-z0-9]+\.(?i:jpe?g|gif|png|bmp|pdf|html?|txt|doc|xls|ppt|mp3|zip|tar|gz|py|exe)", Keep),
    // Abbreviations and initials.
    rule("ABBREVIATION", Keep),
    part(First(1), r"[A-Za-z]\.SENTENCE_START", Keep),
    rule(r"[A-Za-z]\.", Keep),
    rule(r"(?i:[a-z]|dr|mr|mrs|ms|no|st)\.(?:-ALNUM+)+", Keep),
    part(AllButLast(1), r"(?i:no|nos|fig|figs|art|ca|op|pp|prop)\.[0-9,;:]", Keep),
    part(AllButLast(2), r"(?i:no|nos|fig|figs|art|ca|op|pp|prop)\. [0-9]", Keep),
    rule("[A-Z]+(?:&(?:amp;)?[A-Z]+)+", SpellOut),
    rule(r"(?i:c\+\+|[cf]#)", Keep),
    // Numbers, fractions, telephone numbers, money.
    rule("[-+]?NUMBER", Keep),
    rule("DIGIT+(?:[.,]DIGIT+)+(?:-ALNUM+)+", Keep),
    rule("(?:DIGIT{1,4}[- \u{A0}])?DIGIT{1,4}/DIGIT{1,4}", Keep),
    rule(r"\([0-9]{2,3}\)[- \x{A0}]?[0-9]{3,4}[- \x{A0}]?[0-9]{4}", SpellOut),
    rule(r"[A-Z]{1,2}\$", Keep),
    rule("€", Become("$")),
    rule("£", Become("#")),
    rule("¢", Become("cents")),
    rule("½", Become("1/2")),
    rule("⅓", Become("1/3")),
    rule("⅔", Become("2/3")),
    rule("¼", Become("1/4")),
    rule("¾", Become("3/4")),
    // The net: addresses, tags, entities, faces.
    rule(r#"(?i:https?)://[^\s"<>|()]+[^\s"<>|.!?(){},-]"#, Keep),
    rule(
        r#"(?:(?i:www)\.(?:[^\s"<>|.!?(){},]+\.)+[A-Za-z]{2,4}|(?:[A-Za-z][^\s"`'<>|.!?(){},\-_$/\\]*\.)+(?:com|net|org|edu))(?:/[^\s"<>|()]+[^\s"<>|.!?(){},-])?"#,
        Keep,
    ),
    rule(r#"[A-Za-z0-9][^\s"<>|(){}@]*@[^\s"<>|(){}.]+(?:\.[^\s"<>|(){}.]+)*"#, Keep),
    rule("@[A-Za-z_][A-Za-z0-9_]*|@+|#LETTER+|#+", Keep),
    rule("</?[A-Za-z][^<>]*>|<[!?][^<>]*>", Keep),
    rule("&(?:amp|lt|gt|nbsp);", SpellOut),
    rule("&(?:quot|apos|mdash|ndash);", Delete),
    rule("&#[0-9]+;", Keep),
    part(AllButLast(1), r"[<>]?[:;=][-o']?[()][^A-Za-z0-9]", SpellOut),
    rule(r"[<>]?[:;=][-o']?[()]\z", SpellOut),
    part(AllButLast(1), r"[<>]?[:;=][-o']?[\[\]DdPpO|\\{][^A-Za-z0-9]", Keep),
    rule(r"[<>]?[:;=][-o']?[\[\]DdPpO|\\{]\z", Keep),
    rule(r"\^_\^", Keep),
    // Punctuation and symbols.
    rule(r"[?!]+|\*+|\\\*|_+|<<|>>", Keep),
    rule(r"\.{3,4}|-{2,4}|''|``", Delete),
    rule("-{5,}", Keep),
    rule(r"[()\[\]{}]", SpellOut),
    rule(r#"["“”«»‹›‘’`'.,:;…–—―]"#, Delete),
    rule(r"[-~^|\\/%&$=+<>−¡¿°²³×©®™§¶•·♥❤★„]", Keep),
];
