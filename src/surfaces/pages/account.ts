import { choice, notice } from './field.ts'
import { html } from './html.ts'
import { organisationsOf, personOf, signInFirst } from './session.ts'
import type { Organisation, Person } from './session.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** Who am I, and in which organisation. */
export const account: Page = {
  path: '/account',
  public: 'It asks to sign in first.',
  async get(visit) {
    const person = await personOf(visit)
    if (person === undefined) return signInFirst(visit)
    return overview(visit, person, await organisationsOf(visit))
  },
  async post(visit, sent) {
    const person = await personOf(visit)
    if (person === undefined) return signInFirst(visit)
    await visit.identity.post('/organization/set-active', { organizationId: sent.get('organisation') ?? '' })
    return { goTo: '/account' }
  },
}

function overview(visit: Visit, person: Person, organisations: readonly Organisation[]): PageAnswer {
  return {
    title: 'Your account',
    width: 'wide',
    signedIn: html`<form method="post" action="/sign-out">${visit.token()}<span class="quiet small">${person.email}</span> <button class="link">Sign out</button></form>`,
    body: html`<section>
<h2>You</h2>
<dl class="facts">
<dt>Name</dt><dd>${person.name}</dd>
<dt>E-mail</dt><dd>${person.email}</dd>
<dt>Two-factor sign-in</dt><dd>${person.twoFactor ? 'on' : 'off'}</dd>
</dl>
</section>
<section>
<h2>Organisation</h2>
${organisations.length === 0 ? notice('You are in no organisation yet. Ask for an invitation.', 'bad') : organisationForm(visit, person, organisations)}
</section>`,
  }
}

function organisationForm(visit: Visit, { organisationId }: Person, organisations: readonly Organisation[]) {
  return html`<form method="post" action="/account">${visit.token()}
<fieldset><legend>Work in</legend>
${organisations.map(({ id, name }) => choice({ type: 'radio', name: 'organisation', value: id, label: name, checked: id === organisationId }))}
</fieldset>
<button class="plain">Switch</button>
</form>`
}
