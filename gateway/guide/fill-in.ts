import { password, select, text } from '@clack/prompts';
import type { Parameter, ProfileServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { messageOf } from '../../core/errors.ts';
import { answered } from '../cli/answered.ts';
import { type Addition, checkedParameters } from '../profile/add-server.ts';
import { visible } from '../relay/render-diff.ts';

/** Asks for the parameters that a server requires. */
export async function askParameters({
  server: { entry },
  missingParameters,
}: Addition): Promise<NonNullable<ProfileServer['parameters']>> {
  const texts = new Map<string, string>();
  for (const { name } of missingParameters) {
    const parameter = entry.parameters?.properties[name];
    if (parameter) texts.set(name, await askParameter(entry, name, parameter));
  }
  return checkedParameters(entry, texts);
}

/**
 * Asks for the secrets that a server requires, without showing them. One that is left empty stays
 * missing, for whoever does not have it at hand.
 */
export async function askSecrets({
  missingSecrets,
}: Addition): Promise<readonly { readonly name: string; readonly value: string }[]> {
  const given = [];
  for (const { name, description, url } of missingSecrets) {
    const value = await answered(
      password({
        message: `${name}: ${visible(description)}${url ? ` (${visible(url)})` : ''}; empty for later`,
      }),
    );
    if (value) given.push({ name, value });
  }
  return given;
}

function askParameter(entry: ServerEntry, name: string, parameter: Parameter): Promise<string> {
  const message = `${name}: ${visible(parameter.description)}`;
  const choices = parameter.type === 'boolean' ? ['true', 'false'] : choicesOf(parameter);
  if (choices.length > 0) {
    return answered(select<string>({ message, options: choices.map((value) => ({ value })) }));
  }
  return answered(
    text({
      message: parameter.type === 'array' ? `${message} (several as ["a","b"])` : message,
      validate(value) {
        if (!value) return 'It needs a value.';
        try {
          checkedParameters(entry, new Map([[name, value]]));
          return undefined;
        } catch (error) {
          return messageOf(error);
        }
      },
    }),
  );
}

function choicesOf(parameter: Parameter): readonly string[] {
  return 'enum' in parameter && Array.isArray(parameter.enum) ? parameter.enum.map(String) : [];
}
