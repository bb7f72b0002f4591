"""What this call was made from: a batch job, a coding agent, a notebook, a terminal of some kind.

Rules:
- Told by the environment alone, which the process inherited from what it belongs to.
- A run is in a session of its own: what kills process groups does not reach it, what kills a cgroup, a
  container or a whole job does.
"""

from collections.abc import Iterator, Mapping

from overnight.app.checkup.check import Check, fine, warn
from overnight.core.humane import duration

_JOBS = {"SLURM_JOB_ID": "Slurm", "PBS_JOBID": "PBS", "LSB_JOBID": "LSF", "COBALT_JOBID": "Cobalt"}
_RECLAIMED = {"COLAB_RELEASE_TAG": "Colab", "KAGGLE_KERNEL_RUN_TYPE": "Kaggle", "CODESPACES": "Codespaces"}
_TERMINALS = {
    "TMUX": "tmux",
    "STY": "screen",
    "VSCODE_IPC_HOOK_CLI": "VS Code",
    "JPY_PARENT_PID": "Jupyter",
    "SSH_CONNECTION": "SSH",
}


def agent(name: str, sandboxed: bool, container: str) -> Check:
    """What becomes of a run that the agent `name` starts."""
    own = f"{name} kills its background commands after a turn"
    if sandboxed:
        text = f"{own}, and its sandbox ends with each command: the kernel kills all in it, runs too"
        return warn("agent", text, "Let the agent start `overnight run` outside its sandbox.")
    if container:
        return fine(
            "agent", f"{own}; runs have sessions of their own and stay, as long as the container does"
        )
    return fine("agent", f"{own}; runs have sessions of their own and stay")


def job(env: Mapping[str, str], now: float) -> Iterator[Check]:
    """The batch job around us, which takes every run with it."""
    for variable, scheduler in _JOBS.items():
        if variable in env:
            number, end = env[variable], env.get("SLURM_JOB_END_TIME", "")
            left = f" in {duration(float(end) - now)}" if scheduler == "Slurm" and end.isdigit() else ""
            text = f"{scheduler} job {number} ends{left} by its time limit, and every run in it"
            yield warn("job", text, _ask_for_more(scheduler, number))


def reclaimed(env: Mapping[str, str]) -> Iterator[Check]:
    """A rented machine that goes away by itself."""
    for variable, name in _RECLAIMED.items():
        if variable in env:
            text = f"{name} takes the machine away when nobody uses it, with every run and the home"
            yield warn(
                "rented", text, "export OVERNIGHT_HOME=… on storage that stays, and save checkpoints there"
            )


def terminal(env: Mapping[str, str]) -> Iterator[Check]:
    """The kind of terminal; its end harms no run."""
    names = [name for variable, name in _TERMINALS.items() if variable in env]
    if names:
        yield fine("terminal", f"{' in '.join(names)}: a lost connection or a closed window harms no run")


def windows(version: str) -> Iterator[Check]:
    """Linux inside Windows, which is stopped from outside. `version`: /proc/version."""
    if "microsoft" in version.lower():
        text = "Windows stops this Linux (WSL) some time after its last window is closed, and every run in it"
        yield warn(
            "windows", text, "Leave a window open, and in %UserProfile%\\.wslconfig: [wsl2] vmIdleTimeout=-1"
        )


def _ask_for_more(scheduler: str, number: str) -> str:
    if scheduler == "Slurm":
        return f"scontrol show job {number} | grep TimeLimit   (more: sbatch --time=…, and save checkpoints)"
    return "Ask for a longer time limit, and save checkpoints."
