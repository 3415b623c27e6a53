"""Text for cmd.exe. That it reads it as meant: test_activation_cmd.py."""

from keel.batch import batch_lines


def test_variables_are_saved_and_set_without_a_process() -> None:
    assert batch_lines({"ONE": "1", "TWO": 'a & "b & c" %x% ^ !'}) == (
        '@set "_KEEL_VARS_%_keel_level%=ONE TWO"\r\n'
        '@set "_KEEL_OLD_%_keel_level%_ONE=%ONE%"\r\n'
        '@set "ONE=1"\r\n'
        '@set "_KEEL_OLD_%_keel_level%_TWO=%TWO%"\r\n'
        '@set "TWO=a & "b ^& c" %%x%% ^ !"\r\n'
    )
    assert batch_lines({}) == ""


def test_only_text_beyond_ascii_changes_the_code_page_and_back() -> None:
    lines = batch_lines({"ONE": "è"}).splitlines()
    assert "chcp.com" in lines[0]
    assert lines[1].endswith('chcp.com" 65001 >nul')
    assert lines[-2].endswith('chcp.com" %_keel_codepage% >nul')
