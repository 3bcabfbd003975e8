//! What the compiler says to mistakes: an error on the user's own token.
//!
//! That what is right compiles is shown by every other test.

#[test]
fn mistakes_are_errors_on_the_users_own_tokens() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
