// Passkeys: asks the browser for one and sends its answer with the form.

const options = async (form) => {
  if (form.dataset.passkey === "login") {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("SiteFlow did not answer; try again.");
    return (await answer.json()).request_options.publicKey;
  }
  const kept = JSON.parse(document.getElementById("passkey-options").textContent);
  return (kept.creation_options ?? kept.request_options).publicKey;
};

const created = (asked, alone) => {
  const wanted = {
    ...asked,
    authenticatorSelection: {
      ...asked.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      ...(alone ? { userVerification: "required" } : {}),
    },
  };
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(wanted);
  return navigator.credentials.create({ publicKey });
};

const got = (asked) =>
  navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });

const ask = async (form) => {
  const asked = await options(form);
  const alone = form.elements.passwordless?.checked ?? false;
  return form.dataset.passkey === "create" ? created(asked, alone) : got(asked);
};

const send = async (form) => {
  const problem = form.querySelector(".errors");
  problem.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify((await ask(form)).toJSON());
    form.submit();
  } catch (error) {
    problem.textContent =
      error.name === "NotAllowedError" ? "No passkey was used. Try again." : error.message;
    problem.hidden = false;
  }
};

// A passkey belongs to a name: browsers make none for an address such as 127.0.0.1.
const named = !/^[\d.]+$|^\[/.test(window.location.hostname);

if (named && window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
} else {
  for (const note of document.querySelectorAll("[data-no-passkey]")) note.hidden = false;
}
