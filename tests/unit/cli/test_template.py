from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.cli.format.template import Template
from hythe.errors import InvalidArgument

VALUE = {
    "Name": "web", "N": 3, "Yes": True, "Nothing": None, "List": ["a", "b"], "Map": {"k": "v", "a": "b"},
    "Config": {"Labels": {"x": "y"}, "Env": ["A=1"], "ExposedPorts": {"80/tcp": {}}, "Volumes": None},
    "Ports": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "90/tcp": None},
    "Label": lambda name: f"<{name}>",
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.Name}}", "web"),
        ("a {{ .Name }} b", "a web b"),
        ("{{.N}} {{.Yes}} {{.Nothing}}", "3 true []"),
        ("{{.List}} {{.Map}}", "[a b] map[a:b k:v]"),
        ("{{json .List}} {{json .Config.Labels}}", '["a","b"] {"x":"y"}'),
        ("{{.Name | upper}}", "WEB"),
        ('{{join .List ","}}', "a,b"),
        ('{{index (split .Name "e") 1}}', "b"),
        ('{{printf "%-5s|%05d|%q|%.2f" .Name .N .Name 1.5}}', 'web  |00003|"web"|1.50'),
        ("{{len .List}}", "2"),
        ('{{index .Config.Labels "x"}}|{{index .Config.Labels "y"}}', "y|"),
        ("{{.Config.Labels.y}}", "<no value>"),
        ('{{(index (index .Ports "80/tcp") 0).HostPort}}', "8080"),
        ("{{range .List}}{{.}};{{end}}", "a;b;"),
        ("{{range $i, $x := .List}}{{$i}}={{$x}} {{end}}", "0=a 1=b "),
        (
            "{{range $k, $v := .Ports}}{{$k}}{{if $v}}->{{(index $v 0).HostPort}}{{end}} {{end}}",
            "80/tcp->8080 90/tcp ",
        ),
        ("{{range .Config.Nope}}x{{else}}none{{end}}", "none"),
        ("{{with .Config}}{{.Env}}{{end}}", "[A=1]"),
        (
            "{{.Config.Healthcheck}} {{.Config.ExposedPorts}} {{.Config.Volumes}}",
            "<nil> map[80/tcp:{}] map[]",
        ),
        ("{{json .Nothing}} {{len .Nothing}}{{range .Nothing}}x{{end}}", "null 0"),
        ("{{.Ports}}", "map[80/tcp:[{ 8080}] 90/tcp:<no value>]"),
        ("{{if .Health}}x{{else if eq .N 3}}three{{else}}z{{end}}", "three"),
        ('{{if and .Yes (ne .Name "db")}}y{{end}}', "y"),
        ('{{or .Nothing "d"}}', "d"),
        ("{{not .Yes}}", "false"),
        ('{{.Label "a.b"}}', "<a.b>"),
        ("{{$x := .Name}}{{$x}}{{$.N}}", "web3"),
        ("a  {{- .N -}}  b", "a3b"),
        ("{{/* nothing */}}x", "x"),
        ('{{println .Name "x"}}', "web x\n"),
        ('{{"a}}b"}}', "a}}b"),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert Template(template).render(VALUE) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{.Name",
        "{{if .X}}",
        "{{end}}",
        "{{nope .X}}",
        "{{.Nope}}",
        "{{.Name.X.Y}}",
        "{{$x}}",
        "{{|}}",
        "{{index .List 5}}",
    ],
)
def test_mistakes(template: str) -> None:
    with pytest.raises(InvalidArgument):
        Template(template).render(VALUE)


def test_escapes_are_of_the_text_alone() -> None:
    """Inside of actions they are Go's; outside, docker's lists know two, and inspect none."""
    template = r'{{.Name}}\t{{"a\nb"}}\n'
    assert Template(template, escapes=True).render(VALUE) == "web\ta\nb\n"
    assert Template(template).render(VALUE) == "web\\ta\nb\\n"


PIECES = st.sampled_from(
    "{{ }} {{- -}} . .Name .N .List .Map .Config.Labels .Nope $x $ := = | ( ) , 0 1.5 -3 true nil if else end with "
    'range "a" `b` "\\x" "\n json join split index len printf slice eq lt and or not upper truncate pad Label'.split(
        " "
    )
)


@given(st.lists(PIECES, max_size=12))
def test_whatever_is_written_there_is_one_error_or_a_text(pieces: list[str]) -> None:
    try:
        assert isinstance(Template("{{" + " ".join(pieces) + "}}").render(VALUE), str)
    except InvalidArgument as error:
        assert "\n" not in str(error) or "\n" in "".join(pieces)
