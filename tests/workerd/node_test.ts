/**
 * Stands in for node:test in workerd, which has none. It does what the tests here use; what else of
 * node:test a test may try fails loudly, when it is bundled or when it runs.
 */

import {
  type Body,
  type HookBody,
  type HookMoment,
  type Options,
  registerHook,
  registerSuite,
  registerTest,
} from "./registry.ts";
import { readDefinition } from "./definition.ts";

type Define<B> = (...definition: readonly (string | Options | B)[]) => void;
type DefineWithMarks<B> = Define<B> & { readonly skip: Define<B>; readonly todo: Define<B> };
type DefineHook = (body: HookBody, options?: Options) => void;

export const test: DefineWithMarks<Body> = withMarks(registerTest);
export const it: DefineWithMarks<Body> = test;
export const describe: DefineWithMarks<HookBody> = withMarks(registerSuite);
export const suite: DefineWithMarks<HookBody> = describe;

export const before: DefineHook = hook("before");
export const after: DefineHook = hook("after");
export const beforeEach: DefineHook = hook("beforeEach");
export const afterEach: DefineHook = hook("afterEach");

export default test;

function withMarks<B extends Body>(
  register: (name: string, options: Options, body: B) => void,
): DefineWithMarks<B> {
  const define = (marks: Options): Define<B> => (...definition) => {
    const { name, options, body } = readDefinition<B>(definition);
    register(name, { ...options, ...marks }, body);
  };
  return Object.assign(define({}), { skip: define({ skip: true }), todo: define({ todo: true }) });
}

function hook(moment: HookMoment): DefineHook {
  return (body, options = {}) => registerHook(moment, body, options);
}
