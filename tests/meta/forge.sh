#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The workflow file for a public forge cannot be run here. What can be known of it: that it parses, that a step has what a step
# needs, and that each command it runs is there: targets of make, steps of check-proof, verbs of bootstrap, scripts.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need python3 python3
python3 -c 'import yaml' 2>/dev/null || { echo "SKIP: python3 has no yaml here (Debian: python3-yaml)"; exit 77; }

# Names before a colon in the Makefile, one a line.
sed -n 's/^\([a-z][a-zA-Z_-]*\( [a-z][a-zA-Z_-]*\)*\):.*/\1/p' "$builddir/Makefile" | tr ' ' '\n' | sort -u >"$tmp/targets"
sh "$srcdir/tests/proof.sh" --list | tr ' ' '\n' >"$tmp/steps"
sh "$srcdir/bootstrap" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$tmp/verbs"
# Tools of a bare Debian, and a word of the forge's.
printf 'apt-get\ngit\n' >"$tmp/tools"

cat >"$tmp/judge.py" <<'END'
import os, re, shlex, sys, yaml

path, srcdir, tmp = sys.argv[1:]
known = {kind: set(open(f'{tmp}/{kind}').read().split()) for kind in ('targets', 'steps', 'verbs', 'tools')}
wrong, commands = [], 0

def command(words, where):
    """One line of a script: is what it calls there?"""
    global commands
    commands += 1
    say = lambda what: wrong.append(f'{where}: {what}')
    while words and re.match(r'\w+=', words[0]):
        words = words[1:]
    first, rest = words[0], words[1:]
    if first == 'make':
        for word in rest:
            name, equals, value = word.partition('=')
            if equals and name == 'STEPS':
                for step in value.split():
                    if step not in known['steps']:
                        say(f'check-proof has no step {step}')
            elif not equals and not word.startswith('-') and word not in known['targets']:
                say(f'make has no target {word}')
    elif first == './bootstrap':
        for verb in rest:
            if verb not in known['verbs']:
                say(f'bootstrap has no verb {verb}')
    elif first == './configure':
        text = open(f'{srcdir}/configure.ac').read() + ''.join(
            open(f'{srcdir}/m4/{f}').read() for f in os.listdir(f'{srcdir}/m4') if f.startswith('maar_'))
        for option in rest:
            m = re.match(r'--(?:enable|disable|with|without)-([a-z]+)', option)
            if m and m.group(1) not in ('static', 'shared') and not re.search(r'AC_ARG_(?:ENABLE|WITH)\(\[' + m.group(1), text):
                say(f'configure has no {option}')
    elif '/' in first:
        if not os.access(f'{srcdir}/{first}', os.X_OK):
            say(f'there is no {first}')
    elif first not in known['tools']:
        say(f'{first} is no tool of a bare Debian')

def script(text, where):
    for line in text.splitlines():
        for part in re.split(r'\s*(?:&&|\|\||;)\s*', line.strip()):
            if part and not part.startswith('#') and not re.fullmatch(r'\$\{\{.*\}\}', part):
                command(shlex.split(part), where)

try:
    flow = yaml.safe_load(open(path))
    for name, job in flow['jobs'].items():
        if 'runs-on' not in job or not job['steps']:
            wrong.append(f'{name}: no runs-on, or no steps')
        for case in job.get('strategy', {}).get('matrix', {}).get('include', []):
            script(case['run'], case['name'])
        for i, step in enumerate(job['steps']):
            where = f'{name}, step {i}'
            if ('run' in step) == ('uses' in step):
                wrong.append(f'{where}: either run or uses')
            if 'uses' in step and not re.fullmatch(r'[\w-]+/[\w-]+@v\d+', step['uses']):
                wrong.append(f"{where}: {step['uses']} has no version")
            script(step.get('run', ''), where)
    if True not in flow and 'on' not in flow:  # YAML 1.1 reads "on" as true
        wrong.append('nothing starts it')
except (KeyError, TypeError, yaml.YAMLError) as e:
    wrong.append(f'{path}: {type(e).__name__}: {e}')
print('\n'.join(wrong))
sys.exit(bool(wrong) or commands < 10)
END
judge() { python3 "$tmp/judge.py" "$1" "$srcdir" "$tmp"; }

flow=$srcdir/.github/workflows/ci.yml
judge "$flow" || fail "the workflow is wrong"
# It does what the README promises of a change, on both compilers.
for goal in 'bootstrap check' 'make check$' 'STEPS=tsan' 'STEPS=asan' 'make distcheck' 'make check-packages' 'STEPS=cross' 'CC=clang'; do
	grep -qE "$goal" "$flow" || fail "the workflow does not run $goal"
done

# Controls: plant SED-EXPRESSION WHAT
plant()
{
	sed "$1" "$flow" >"$tmp/planted.yml"
	must_fail "$2" judge "$tmp/planted.yml"
}
plant 's/make distcheck/make planted/' 'no target planted'
plant 's/STEPS=asan/STEPS=planted/' 'no step planted'
plant 's/bootstrap full/bootstrap planted/' 'no verb planted'
plant 's/enable-werror/enable-planted/' 'configure has no --enable-planted'
plant 's|./bootstrap check|.ci/planted|' 'there is no .ci/planted'
plant 's/^jobs:/jobs: [/' 'Error'
finish
