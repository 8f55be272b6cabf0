"""axe, run on the page that a tab shows."""

from tests.web.tab import Tab

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """
const done = arguments[arguments.length - 1];
axe.run({runOnly: {type: 'tag', values: arguments[0]}, resultTypes: ['violations', 'incomplete']})
  .then(found => done({violations: found.violations, incomplete: found.incomplete,
                       passes: found.passes.length}));
"""


def findings(tab: Tab, script: str) -> list[str]:
    """What keeps people from using the page, and what axe cannot judge by itself."""
    with tab.running_scripts():
        if not tab.run("return typeof axe === 'object'"):
            tab.run(script)
        found = tab.driver.execute_async_script(_RUN, _TAGS)
    assert found["passes"] > 0
    return [
        f"{kind}: {rule['id']}: {node['target']}: {node['failureSummary']}"
        for kind in ("violations", "incomplete")
        for rule in found[kind]
        for node in rule["nodes"]
    ]
