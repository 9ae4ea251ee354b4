# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make demo   shows the story on real sendmail        make test   linters, unit tests, sanity and the story
# make clean  removes all that these two made         make help   the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
CACHE := $(CURDIR)/.cache
VENV := $(CURDIR)/.venv
LINK := $(CACHE)/collections
COPY := $(CACHE)/copy/ansible_collections/mailtls/relay
# Only the tool venv and the system: interpreters of version managers confuse ansible-test.
TOOLS := PATH=$(VENV)/bin:/usr/bin:/bin:/usr/sbin:/sbin ANSIBLE_COLLECTIONS_PATH=$(LINK)
VENV_STAMP := $(VENV)/.installed
SCENARIO ?= default
LINTERS := yamllint ruff ruff-format mypy ansible-lint antsibull-docs antsibull-changelog reuse
CORE_TESTS := tests/unit/plugins/module_utils/_core
# "make matrix" runs these with all pairs of releases.
MATRIX := default refuses_plaintext_clients refuses_wrong_name renews_while_mail_flows changes_only_the_map \
  foretells_in_check_mode relays_to_postfix
# "make test" runs each of them once, and each release on both sides; the longest first.
SCENARIOS := included_in_a_larger_repository holds_by_each_layer installed_collection refuses_bad_input tells_what_is_broken default \
  holds_against_attackers judges_as_sendmail_does demo refuses_plaintext_clients@bullseye/bookworm \
  refuses_wrong_name@trixie/bullseye renews_while_mail_flows@bookworm/bookworm changes_only_the_map@bullseye/trixie \
  foretells_in_check_mode@trixie/bookworm relays_to_postfix@trixie/bookworm
# Others take longer or need a way out to Debian's mirror: "make test-long".
# Hand-made relays, and the attacks, on the other releases too.
RELEASES := bullseye trixie
LONG_SCENARIOS := installs_on_bare_debian lives_with_debian survives_upgrade survives_kill local_mail_goes_on keeps_to_routes_and_limits \
  takes_over_an_existing_relay agrees_with_others probes_what_sendmail_does
MOLECULE_BASE := molecule --base-config .config/molecule/config.yml
RUNS := $(TOOLS) python tests/scenarios.py $(if $(JOBS),--jobs $(JOBS))
# Two runs of one scenario would remove each other's containers: the second waits.
MOLECULE = $(TOOLS) tests/alone.sh $(1) $(MOLECULE_BASE) test --scenario-name $(1)

.PHONY: help setup link copy lint gates core-coverage unit coverage mutants sanity units docs build galaxy-importer release as-root molecule scenarios matrix test test-long oracle oracle-alone fuzz demo bench bench-map bench-policy bench-probe bench-ssh clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(VENV_STAMP): requirements-dev.txt tests/install_packages.sh
	PYTHON=$(PYTHON) tests/install_packages.sh
	@echo "== installing the Python tools of requirements-dev.txt into .venv (about a minute)"
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

setup: $(VENV_STAMP) link ## install what the other targets need (Debian packages and .venv)

link:
	@mkdir -p $(LINK)/ansible_collections/mailtls
	@ln -sfn $(CURDIR) $(LINK)/ansible_collections/mailtls/relay

copy: # ansible-test wants a real folder of this name
	@rm -rf $(COPY) && mkdir -p $(COPY)
	@git ls-files -z --cached --others --exclude-standard | xargs -0 cp -a --parents -t $(COPY)
	@cd $(COPY) && git init -q && git add -A

# The commands of all gates stand in tests/gates.py.
lint: setup link ## yamllint, ruff, mypy, ansible-lint, documentation, changelog, licences
	$(TOOLS) python tests/gates.py $(LINTERS)

gates: as-root setup link ## every quality gate, with its duration; or some: make gates GATE="sanity coverage"
	$(TOOLS) python tests/gates.py $(GATE)

# The core is covered by its own tests alone; to count what all the others run would double their time.
core-coverage: setup ## branch coverage of the pure core by its own tests
	$(TOOLS) COVERAGE_FILE=$(CACHE)/coverage-core python -m pytest -n auto $(CORE_TESTS) \
	  --cov=plugins/module_utils/_core --cov-branch --cov-report=term:skip-covered --cov-fail-under=100

unit: core-coverage ## unit tests on all processors, branch coverage of the pure core, and the zoo of peers
	$(TOOLS) python -m pytest -n auto tests/unit tests/fuzz tests/zoo --ignore=$(CORE_TESTS)

# mutmut wants a folder in which paths are the names of modules. Of pytest's plugins none is needed here.
mutants: setup ## small faults in the policy, access and map-file modules, one by one: do their tests notice?
	rm -rf $(LINK)/mutants && ln -sfn $(CURDIR)/pyproject.toml $(LINK)/pyproject.toml
	cd $(LINK) && $(TOOLS) PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 nice mutmut run
	cd $(LINK) && $(TOOLS) mutmut results --all true | $(VENV)/bin/python $(CURDIR)/tests/mutants.py

# All that is installed on users' machines; what a test starts in processes of its own counts too.
coverage: setup ## branch coverage of all plugins by all of these tests
	$(TOOLS) COVERAGE_FILE=$(CACHE)/coverage python -m pytest -n auto tests/unit tests/fuzz tests/zoo \
	  --cov=plugins --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=95

sanity: setup copy ## ansible-test sanity
	tests/run_ansible_test.sh sanity $(VENV) $(COPY) $(CACHE)/home

# The same tests of plugins as in "make unit", as those see them who include the collection in their own test runs.
units: setup copy ## ansible-test units
	tests/run_ansible_test.sh units $(VENV) $(COPY) $(CACHE)/home

docs: setup copy ## the documentation as a site, in .cache/docs/html; needs no network
	$(TOOLS) docs/site/build.sh $(COPY) $(CACHE)/docs
	@echo "== $(CACHE)/docs/html/index.html"

build: setup ## the collection's tarball, in .cache/dist
	$(TOOLS) ansible-galaxy collection build --force --output-path $(CACHE)/dist

release: setup ## tarball, changelog, documentation and checksums of the commit, in .cache/release; built twice and compared
	$(TOOLS) python .ci/release.py $(CACHE)/release

# Its pins are not those of .venv. It fails for what Galaxy refuses, and only warns of the rest: here a warning counts.
galaxy-importer: setup ## what Ansible Galaxy says of the tarball
	tests/import_into_galaxy.sh $(PYTHON)

as-root:
	@test "$$(id -u)" = 0 || { echo "The containers of the lab need root: sudo make $(MAKECMDGOALS)" >&2; exit 1; }

molecule: as-root setup ## one scenario: make molecule SCENARIO=default
	$(call MOLECULE,$(SCENARIO))

scenarios: as-root setup ## the scenarios of make test and the demo, as many at a time as there are processors (JOBS=2)
	$(RUNS) $(SCENARIOS)

matrix: as-root setup ## the scenarios of the release matrix with all nine pairs of Debian 11, 12 and 13 (JOBS=2)
	$(RUNS) --pairs $(MATRIX)

demo: as-root setup ## the story on real sendmail, shown step by step (DEMO_KEEP=1 keeps the containers)
	$(TOOLS) tests/alone.sh demo python tests/demo.py

bench-policy: setup ## the policy of 100,000 peers, read and compiled (BENCH_ROUNDS=5)
	$(TOOLS) ANSIBLE_COLLECTIONS_PATH= PYTHONPATH=$(LINK) python benchmarks/policy.py

bench: as-root setup ## relay speed: our defaults beside stock sendmail and stock Postfix (BENCH_ROUNDS=5, BENCH_KEEP=1)
	$(TOOLS) tests/alone.sh bench python benchmarks/relay.py

bench-map: as-root setup ## a large access map: our module beside template and makemap, and makemap alone (BENCH_ROUNDS=3)
	$(TOOLS) python benchmarks/access_map.py

bench-probe: as-root setup ## probing 500 and 5,000 peers: our module beside sslyze, posttls-finger and a module that checks nothing (BENCH_ROUNDS=3)
	$(TOOLS) tests/alone.sh bench-probe python benchmarks/starttls.py

bench-ssh: as-root setup ## a relay over SSH: our roles beside two for Postfix, the daily change, 1 to 50 hosts (BENCH_ROUNDS=5, BENCH_OEFENWEB, BENCH_LSR)
	$(TOOLS) tests/alone.sh bench-ssh python benchmarks/ssh.py

# The unit tests come last, so that the run ends with pytest's own closing line.
test: as-root lint sanity scenarios unit ## what CI runs

test-long: as-root setup ## a hundred kills under running mail, Debian as a second writer, its upgrade, and installation on bare hosts, local mail, attacks on other releases
	for scenario in $(LONG_SCENARIOS); do $(call MOLECULE,$$scenario); done
	for suite in $(RELEASES); do MAILTLS_MTA1_SUITE=$$suite $(call MOLECULE,takes_over_an_existing_relay); done
	for suite in $(RELEASES); do MAILTLS_MTA1_SUITE=$$suite $(call MOLECULE,holds_against_attackers); done

# The containers stay until the end; a disagreement tells what to type there.
oracle: as-root setup ## our judge beside sendmail's own rules, 1,000,000 cases a release (ORACLE_CASES, ORACLE_SEED, ORACLE_KEEP=1)
	$(TOOLS) tests/alone.sh judges_as_sendmail_does $(MAKE) --no-print-directory oracle-alone

# atheris first, led by coverage and starting at what the peers of the zoo say; then Hypothesis with more examples.
fuzz: setup ## whatever a peer writes, for as long as asked: make fuzz FUZZ_SECONDS=3600 (FUZZ_EXAMPLES=20000)
	mkdir -p $(CACHE)/fuzz
	$(TOOLS) python tests/fuzz/smtp_atheris.py $(CACHE)/fuzz/corpus -artifact_prefix=$(CACHE)/fuzz/ \
	  -max_total_time=$${FUZZ_SECONDS:-60} -max_len=20000 -timeout=20 -rss_limit_mb=1024 -print_final_stats=1
	$(TOOLS) FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20000} python -m pytest tests/fuzz/test_any_peer.py

oracle-alone:
	$(TOOLS) $(MOLECULE_BASE) create --scenario-name judges_as_sendmail_does
	$(TOOLS) $(MOLECULE_BASE) prepare --scenario-name judges_as_sendmail_does
	$(TOOLS) python tests/oracle/run.py
	test -n "$${ORACLE_KEEP:-}" || $(TOOLS) $(MOLECULE_BASE) destroy --scenario-name judges_as_sendmail_does

clean: ## remove every container, network and image these targets made, and the caches
	tests/clean.sh
	rm -rf $(CACHE) .venv
