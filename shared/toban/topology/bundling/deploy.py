"""The `gcloud` command that deploys a function's bundle: everything in it follows from the map."""

from __future__ import annotations

from toban.topology.types import Function, Topology

RUNTIME = "python311"


def command(name: str, function: Function, topology: Topology) -> str:
    """
    Return the shell command that deploys ``dist/functions/NAME``.

    It is reached over HTTP also where it consumes: the push subscriptions of infra/terraform call
    it. Secrets that profiles name stand as a comment above it, since the map knows only their kind.
    """
    settings = {
        "GOOGLE_CLOUD_PROJECT": "$PROJECT",
        "TOBAN_EMITS": ",".join(sorted(topology.emitted_by(name))),
    }
    if function.blobs:
        settings["TOBAN_BUCKET"] = "$BUCKET"
    if function.redrives:
        settings["TOBAN_SUBSCRIPTIONS"] = ",".join(s.name for s in topology.subscriptions())
    if "LINK_SIGNING" in function.secrets:
        settings["TOBAN_PUBLIC_URL"] = "$PUBLIC_URL"
    named = [secret for secret in function.secrets if secret.endswith("*")]
    fixed = [secret for secret in function.secrets if not secret.endswith("*")]
    words = [
        f"gcloud functions deploy {name} --gen2 --runtime={RUNTIME} --region=$REGION",
        f"--source=dist/functions/{name} --entry-point=main --trigger-http",
        "--allow-unauthenticated" if function.http else "--no-allow-unauthenticated",
        f"--service-account=fn-{name.replace('_', '-')}@$PROJECT.iam.gserviceaccount.com",
        f"--memory={function.memory_mb}Mi --timeout={function.timeout_s}s",
        # Cloud Run takes more than one request at a time only with a whole processor.
        f"--cpu=1 --concurrency={function.concurrency}",
        # Values have commas in them: gcloud splits at the character between the carets.
        f'--set-env-vars="^;^{";".join(f"{key}={value}" for key, value in settings.items())}"',
    ]
    if fixed:
        secrets = ",".join(f"TOBAN_SECRET_{secret}={secret}:latest" for secret in fixed)
        words.append(f"--set-secrets={secrets}")
    note = f"# and the secrets that profiles name: {' '.join(named)}\n" if named else ""
    return note + " \\\n  ".join(words)
